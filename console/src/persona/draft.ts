import type { Persona } from '../service.js'

/** A name and a value, in a row that keeps its place while it is edited. */
export interface Row {
  key: number
  name: string
  value: string
}

/** A persona as it is edited: maps as rows, absent texts as empty ones. */
export interface Draft {
  name: string
  description: string
  systemPrompt: string
  tags: string[]
  headers: Row[]
  metadata: Row[]
}

/** The fields that are edited. */
export type DraftField = keyof Draft
export const LABELS: Record<DraftField, string> = {
  name: 'Name',
  description: 'Description',
  systemPrompt: 'System prompt',
  tags: 'Tags',
  headers: 'Headers',
  metadata: 'Metadata',
}
/** A field's label by its name in the service; a portrait is changed as well, though not edited. */
export function labelOf(field: string): string {
  if (field === 'imageUrl') return 'Portrait'
  // Of another name it is no field of a draft.
  return LABELS[field as DraftField] ?? field
}
// The keys of an object that nobody adds any to.
export const draftFields = Object.keys(LABELS) as DraftField[]

let lastKey = 0

/** A new row. */
export function newRow(name = '', value = ''): Row {
  lastKey += 1
  return { key: lastKey, name, value }
}

function rowsOf(map: Record<string, string> | undefined): Row[] {
  return Object.entries(map ?? {}).map(([name, value]) => newRow(name, value))
}

/** A persona as it is edited; without one, an empty form. */
export function draftOf(persona: Persona | undefined): Draft {
  const { name = '', description = '', systemPrompt = '', tags = [], headers, metadata } = persona ?? {}
  return { name, description, systemPrompt, tags, headers: rowsOf(headers), metadata: rowsOf(metadata) }
}

function filled(rows: Row[]): Row[] {
  return rows.filter(({ name, value }) => name !== '' || value !== '')
}

/** A field as text: what is compared, and shown where two differ. */
export function textOf(draft: Draft, field: DraftField): string {
  const value = draft[field]
  if (typeof value === 'string') return value
  // Order of rows says nothing; that of tags does.
  if (field === 'tags') return draft.tags.join(', ')
  const rows = field === 'headers' ? draft.headers : draft.metadata
  return filled(rows)
    .map((row) => `${row.name}: ${row.value}`)
    .join('\n')
}

/** The fields in which two drafts differ. */
export function changedFields(one: Draft, other: Draft): DraftField[] {
  return draftFields.filter((field) => textOf(one, field) !== textOf(other, field))
}

function mapOf(rows: Row[]): Record<string, string> | null {
  const full = filled(rows)
  return full.length === 0 ? null : Object.fromEntries(full.map(({ name, value }) => [name, value]))
}

/** Names that stand in more than one row, which a map could not carry. */
export function repeatedName(rows: Row[]): string | undefined {
  const names = filled(rows).map(({ name }) => name)
  return names.find((name, at) => names.indexOf(name) !== at)
}

/** A draft as input of the service; empty texts and maps are removed. */
export function inputOf(draft: Draft) {
  const { name, description, systemPrompt, tags, headers, metadata } = draft
  return {
    name,
    description: description === '' ? null : description,
    systemPrompt: systemPrompt === '' ? null : systemPrompt,
    tags: tags.length === 0 ? null : tags,
    headers: mapOf(headers),
    metadata: mapOf(metadata),
  }
}

/** The input of the fields that were changed alone. */
export function changesOf(draft: Draft, base: Draft): Partial<ReturnType<typeof inputOf>> {
  const changed = new Set<string>(changedFields(draft, base))
  return Object.fromEntries(Object.entries(inputOf(draft)).filter(([field]) => changed.has(field)))
}
