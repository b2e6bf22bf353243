import { shapeOf } from '../field.js'
import { personaFields } from '../personas/fields.js'
import { unknownFields } from '../unknown.js'
import { type Reading, readCard } from './card.js'
import { fromDataSet } from './data-sets.js'
import { importedFields } from './persona.js'

const GIVEN = shapeOf(personaFields, 'create')
/** What lists hold of a persona beside what callers give: it is the service's own, and passed over. */
const KEPT = new Set<string>(
  Object.keys(personaFields).filter((name) => !importedFields.some((each) => each === name)),
)

/** What a row says of a persona: it is one, a card, or a row of a data set. What has no place is a warning. */
export function readRow(value: unknown): Reading {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fields: value, warnings: [] }
  const row = { ...value } as Record<string, unknown>
  const card = readCard(row)
  if (card !== undefined) return card
  const known = fromDataSet(row)
  if (known !== undefined) return { fields: known, warnings: [] }
  const given = Object.fromEntries(Object.entries(row).filter(([name]) => !KEPT.has(name)))
  const warnings = [...unknownFields(GIVEN, given)].slice(0, 20)
  return { fields: given, warnings: warnings.map(({ path, message }) => ({ path: path.join('.'), message })) }
}
