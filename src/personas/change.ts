import { type FieldName, fieldNames, personaFields } from './fields.js'
import type { CreatePersonaInput, Persona, UpdatePersonaInput } from './schema.js'

/** What a new persona consists of; the store adds when it was created. */
export type NewPersona = Pick<Persona, 'id' | (keyof CreatePersonaInput & FieldName)>

type Changeable = Exclude<keyof UpdatePersonaInput & FieldName, 'id'>

/** Fields to change: absent ones stay as they are, `null` clears. */
export type PersonaChange = Partial<Pick<UpdatePersonaInput, Changeable>>

// The fields that have a schema in the input of update are those that the type takes from there.
const changeable = fieldNames.filter((name) => 'update' in personaFields[name]) as Changeable[]

/** How a version came about; of a persona as it was created, nothing differs. */
export interface Origin {
  /** The fields that differ from the version before it. */
  changed: FieldName[]
  /** The version whose content it took again. */
  revertedFrom?: number
}

const inHistory = fieldNames.filter((name) => !('isOutsideHistory' in personaFields[name]))

/** The version of a persona as it is created, and of those stored before personas had versions. */
export const FIRST_VERSION = 1

/** The fields that are there, in the order of answers, whatever the order in which they came. */
function inOrder(values: Persona, names: readonly FieldName[] = fieldNames): Persona {
  const persona: Record<string, unknown> = {}
  for (const name of names) {
    const value = values[name]
    if (value !== undefined) persona[name] = value
  }
  // Each has the value that it had in a persona.
  return persona as Persona
}

/** A persona as it is created; `now` is in milliseconds since 1970. */
export function newPersona(given: NewPersona, now: number): Persona {
  const at = new Date(now).toISOString()
  // A spread with more fields behind it takes longer than all the rest.
  return inOrder(Object.assign({}, given, { version: FIRST_VERSION, createdAt: at, updatedAt: at }))
}

/** Whether two values of a field are the same; the order of a list, and of a map's keys, counts. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b))
}

/**
 * The persona as a change leaves it; the very same object where nothing changes, and the very same values where
 * a field does not. `version` is one more, and `updatedAt` grows even where the clock, `now` in milliseconds since
 * 1970, does not.
 */
export function changed(persona: Persona, change: PersonaChange, now: number): Persona {
  const next: Record<string, unknown> = { ...persona }
  let isChanged = false
  for (const name of changeable) {
    const value = change[name]
    if (value === undefined || isSame(value ?? undefined, persona[name])) continue
    next[name] = value ?? undefined
    isChanged = true
  }
  if (!isChanged) return persona
  next.version = persona.version + 1
  next.updatedAt = new Date(Math.max(now, Date.parse(persona.updatedAt) + 1)).toISOString()
  // Each field has a value of this or of the change.
  return inOrder(next as Persona)
}

/** How a version came about that `changed` made of the one before. */
export function originOf(before: Persona, after: Persona, revertedFrom?: number): Origin {
  const names = changeable.filter((name) => before[name] !== after[name])
  return { changed: names, ...(revertedFrom !== undefined && { revertedFrom }) }
}

/** What the history holds of a version of a persona. */
export function contentOf(persona: Persona): Persona {
  return inOrder(persona, inHistory)
}

/** The change that gives a persona the content of a version of its history. */
export function revertTo(version: Persona): PersonaChange {
  const names = changeable.filter((name) => inHistory.includes(name))
  // Each has the value of the version, or the one that clears it.
  return Object.fromEntries(names.map((name) => [name, version[name] ?? null])) as PersonaChange
}
