import { type FieldName, fieldNames, type MapName, personaFields } from '../../personas/fields.js'
import type { Persona } from '../../personas/schema.js'
import { searchText, tagsOf } from '../../personas/search.js'
import type { Place } from './order.js'

/** An entry of a map; a pair in documents of earlier versions, which some servers refuse in an array. */
type MapEntry = { k: string; v: string } | [key: string, value: string]

/** A persona's fields as documents hold them: maps as lists, since their keys may hold dots and dollars. */
type StoredFields = {
  [Name in keyof Persona]: Name extends 'createdAt' | 'updatedAt'
    ? Date
    : Name extends MapName
      ? MapEntry[]
      : Persona[Name]
}

/** Beside the fields of a persona. `createdAt` is, with `_id`, its place in the order of creation. */
export interface PersonaDocument extends StoredFields {
  /** Grows in the order of creation (`nextOrderKey`). */
  _id: string
  projectId: string
  /** What is shown as `createdAt` where its place is a later one: it came from a store whose clock had gone back. */
  statedCreatedAt?: Date
  /** What it is found by; documents of earlier versions have neither until somebody looks for them. */
  search?: string
  tagKeys?: string[]
}

/** What a persona is found by, in its document. */
export function searchFields(
  persona: Partial<Persona>,
): Required<Pick<PersonaDocument, 'search' | 'tagKeys'>> {
  return { search: searchText(persona), tagKeys: tagsOf(persona).map(([key]) => key) }
}

/** Something of a document's fields, such as a filter, whose names the driver's types do not look at. */
export type OfFields<Document, Value> = { [Name in keyof Document]?: Value }

const times: ReadonlySet<string> = new Set<FieldName>(['createdAt', 'updatedAt'])
const maps: ReadonlySet<string> = new Set(fieldNames.filter((name) => 'isMap' in personaFields[name]))

function toStored(name: FieldName, value: unknown): unknown {
  // Fields have the values that StoredFields says.
  if (times.has(name)) return new Date(value as string)
  if (!maps.has(name)) return value
  return Object.entries(value as Record<string, string>).map(([k, v]) => ({ k, v }))
}

function toShown(name: FieldName, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (!maps.has(name)) return value
  // Fields have the values that StoredFields says.
  const entries = (value as MapEntry[]).map((entry) => (Array.isArray(entry) ? entry : [entry.k, entry.v]))
  return Object.fromEntries(entries)
}

/** A persona as the API shows it. */
export function toPersona(document: PersonaDocument): Persona {
  const persona: Record<string, unknown> = {}
  for (const name of fieldNames) {
    const value = document[name]
    if (value !== undefined) persona[name] = toShown(name, value)
  }
  const { statedCreatedAt } = document
  if (statedCreatedAt !== undefined) persona.createdAt = statedCreatedAt.toISOString()
  // Each field was stored from a persona's.
  return persona as Persona
}

/** A new document of a persona, at its place in the order of creation. */
export function toDocument(projectId: string, persona: Persona, { _id, createdAt }: Place): PersonaDocument {
  const fields = Object.fromEntries(
    fieldNames.flatMap((name) =>
      persona[name] === undefined ? [] : [[name, toStored(name, persona[name])]],
    ),
  )
  const isElsewhere = createdAt.toISOString() !== persona.createdAt
  return {
    _id,
    projectId,
    // Each field is stored as its type says.
    ...(fields as StoredFields),
    ...searchFields(persona),
    createdAt,
    ...(isElsewhere && { statedCreatedAt: new Date(persona.createdAt) }),
  }
}

/** The update that makes the document of one version of a persona that of another. */
export function updateOf(before: Persona, after: Persona) {
  const names = fieldNames.filter((name) => after[name] !== before[name])
  const isGone = (name: FieldName) => after[name] === undefined
  const gone = names.filter(isGone)
  const there = names.filter((name) => !isGone(name))
  return {
    $set: {
      ...Object.fromEntries(there.map((name) => [name, toStored(name, after[name])])),
      ...searchFields(after),
    },
    // Some servers refuse an empty one.
    ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((name) => [name, '' as const])) }),
  }
}
