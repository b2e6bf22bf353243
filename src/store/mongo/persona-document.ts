import { FIRST_VERSION, type Origin } from '../../personas/change.js'
import { type FieldName, fieldNames, type MapName, personaFields } from '../../personas/fields.js'
import type { Persona } from '../../personas/schema.js'
import { searchText, tagsOf } from '../../personas/search.js'
import type { PersonaRecord } from '../transfer.js'
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

/** A version of a persona, and how it came about. What was stored before personas had versions lacks all of that. */
type StoredVersion = Omit<StoredFields, 'version'> &
  Partial<Pick<StoredFields, 'version'>> & {
    _id: string
    projectId: string
    changed?: Origin['changed']
    revertedFrom?: number
  }

/** A version of the history, unless it is the current one: then it was written for a change that is yet to come. */
export type VersionDocument = StoredVersion & { version: number }

/** The current version. `createdAt` is, with `_id`, its place in the order of creation: `_id` grows in it. */
export interface PersonaDocument extends StoredVersion {
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
export function toPersona(document: PersonaDocument | VersionDocument): Persona {
  const persona: Record<string, unknown> = {}
  for (const name of fieldNames) {
    const value = document[name]
    if (value !== undefined) persona[name] = toShown(name, value)
    else if (name === 'version') persona.version = FIRST_VERSION
  }
  const statedCreatedAt = 'statedCreatedAt' in document ? document.statedCreatedAt : undefined
  if (statedCreatedAt !== undefined) persona.createdAt = statedCreatedAt.toISOString()
  // Each field was stored from a persona's.
  return persona as Persona
}

/** How the version of a document came about. */
export function toOrigin({ changed = [], revertedFrom }: Origin | Partial<Origin>): Origin {
  return { changed, ...(revertedFrom !== undefined && { revertedFrom }) }
}

/** The document of a version of a persona, apart from any place in an order. */
export function toVersionDocument(
  { projectId, persona, origin }: PersonaRecord,
  _id: string,
): VersionDocument {
  const fields = Object.fromEntries(
    fieldNames.flatMap((name) =>
      persona[name] === undefined ? [] : [[name, toStored(name, persona[name])]],
    ),
  )
  // Each field is stored as its type says.
  return { _id, projectId, ...(fields as StoredFields), ...origin }
}

/** A new document of a persona, at its place in the order of creation. */
export function toDocument(record: PersonaRecord, { _id, createdAt }: Place): PersonaDocument {
  const stated = record.persona.createdAt
  const isElsewhere = createdAt.toISOString() !== stated
  return {
    ...toVersionDocument(record, _id),
    ...searchFields(record.persona),
    createdAt,
    ...(isElsewhere && { statedCreatedAt: new Date(stated) }),
  }
}

/** The update that makes the document of one version of a persona that of another, which came about so. */
export function updateOf(before: Persona, after: Persona, { changed, revertedFrom }: Origin) {
  const names = fieldNames.filter((name) => after[name] !== before[name])
  const isGone = (name: FieldName) => after[name] === undefined
  const gone: string[] = names.filter(isGone)
  const there = names.filter((name) => !isGone(name))
  if (revertedFrom === undefined) gone.push('revertedFrom')
  return {
    $set: {
      ...Object.fromEntries(there.map((name) => [name, toStored(name, after[name])])),
      changed,
      ...(revertedFrom !== undefined && { revertedFrom }),
      ...searchFields(after),
    },
    // Some servers refuse an empty one.
    ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((name) => [name, '' as const])) }),
  }
}
