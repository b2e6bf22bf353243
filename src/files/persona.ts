import { type FieldName, type MapName, personaFields } from '../personas/fields.js'
import type { CreatePersonaInput, Persona } from '../personas/schema.js'

type ImportedField = keyof CreatePersonaInput & FieldName
/** What files hold of a persona: what callers give of it themselves. */
export type ImportedPersona = Pick<Persona, ImportedField>

/** Their names, in the order of answers. */
export const importedFields = Object.entries(personaFields).flatMap(([name, field]) =>
  // Those that have a schema there are the keys of its type.
  'create' in field ? [name as ImportedField] : [],
)

/** Those that are maps. */
export const mapFields = importedFields.filter((name): name is MapName => 'isMap' in personaFields[name])

/** What a file holds of a persona. */
export function importedPart(persona: Persona): ImportedPersona {
  const given = importedFields.flatMap((name) => (persona[name] === undefined ? [] : [[name, persona[name]]]))
  // Each field has the value that it had in the persona.
  return Object.fromEntries(given) as ImportedPersona
}
