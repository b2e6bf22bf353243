import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Issue } from '../errors/error.js'
import { nameTaken } from '../errors/personas.js'
import { publicError } from '../errors/public.js'
import { excerpt } from '../excerpt.js'
import { shapeOf } from '../field.js'
import { changed, type NewPersona, type PersonaChange } from '../personas/change.js'
import { personaFields } from '../personas/fields.js'
import type { Persona } from '../personas/schema.js'
import type { StoredImage } from '../store/store.js'
import type { Reading } from './card.js'
import { readRow } from './reading.js'
import { MAX_ROW_VALUES, type Row, valuesIn } from './row.js'
import type { ImportIssue, ImportResult } from './schema.js'

const createFields = z.object(shapeOf(personaFields, 'create'))
const updateFields = z.object(shapeOf(personaFields, 'update')).omit({ name: true, imageUrl: true })
const TOO_LARGE = `A persona of a file holds at most ${MAX_ROW_VALUES.toLocaleString('en-US')} values`
const nameField = createFields.pick({ name: true })

/** A row of an import under way. What becomes of it is noted in its `result`. */
export interface Entry {
  result: ImportResult
  reading: Reading
  /** Empty in a row that failed. */
  name: string
  /** The id of the persona, should it be a new one: however often it is sent, it is created once. */
  id: string
  /** Whether a change was sent whose answer is not there: it may have been made. */
  isSent?: boolean
  /** The picture that came with it. */
  picture?: Buffer
  /** The same as a portrait that can be stored. */
  portrait?: StoredImage
}

/** What is to be written for a row: a new persona, or a change of one. */
export type Plan = { entry: Entry } & (
  | { current?: never; fields: NewPersona }
  | { current: Persona; change: PersonaChange }
)

function asIssues(issues: readonly Issue[], severity: ImportIssue['severity']): ImportIssue[] {
  return issues.map((issue) => ({ ...issue, severity }))
}

/** Notes that a row fails; what was noted of it before stays. */
export function fail({ result }: Pick<Entry, 'result'>, issues: readonly Issue[]): void {
  result.action = 'failed'
  result.issues = [...asIssues(issues, 'error'), ...(result.issues ?? [])]
}

/** Notes that a row fails for its name. */
export function failName(entry: Pick<Entry, 'result'>, message: string): void {
  fail(entry, [{ path: 'name', message }])
}

/** The name that a row claims, as a result shows it. */
function claimedName({ fields }: Reading): string | undefined {
  if (typeof fields !== 'object' || fields === null || !('name' in fields)) return undefined
  return typeof fields.name === 'string' ? excerpt(fields.name) : undefined
}

/** What reading a row takes beside it. */
interface RowContext {
  /** Its place in the file, from 1. */
  place: number
  /** The names of the rows before it; its own is added. */
  names: Set<string>
  /** Whether it fails for what is not known of it. */
  isStrict: boolean
}

/** Reads a row. It fails where its name is wrong, or one that a row before it has. */
export function readEntry({ value, line, picture }: Row, { place, names, isStrict }: RowContext): Entry {
  const isTooLarge = valuesIn(value, MAX_ROW_VALUES + 1) > MAX_ROW_VALUES
  const reading: Reading = isTooLarge ? { fields: undefined, warnings: [] } : readRow(value)
  const { fields, warnings } = reading
  const claimed = claimedName(reading)
  const result: ImportResult = {
    row: place,
    ...(line !== undefined && { line }),
    ...(claimed !== undefined && { name: claimed }),
    action: 'created',
    ...(warnings.length > 0 && !isStrict && { issues: asIssues(warnings, 'warning') }),
  }
  const id = randomUUID()
  const entry: Entry = { result, reading, name: '', id, ...(picture !== undefined && { picture }) }
  if (isTooLarge) {
    fail(entry, [{ path: '', message: TOO_LARGE }])
    return entry
  }
  const parsed = nameField.safeParse(fields)
  if (!parsed.success) failAs(entry, createFields.safeParse(fields))
  else {
    const { name } = parsed.data
    Object.assign(entry, { name })
    result.name = name
    if (names.has(name)) failName(entry, `Another row of the file has the name "${name}"`)
    names.add(name)
  }
  if (isStrict && warnings.length > 0) fail(entry, warnings)
  return entry
}

function failAs(entry: Entry, { error }: { error?: z.ZodError | undefined }): void {
  fail(entry, publicError(error).issues ?? [])
}

/** The fields of a row, with the note that it brings added to the metadata that are there. */
function fieldsOf({ reading: { fields, note } }: Entry, current?: Persona): unknown {
  if (note === undefined || typeof fields !== 'object') return fields
  return { ...fields, metadata: { ...current?.metadata, ...note } }
}

/** What is to be written where no persona has the row's name; undefined where the row fails. */
function planCreation(entry: Entry): Plan | undefined {
  const parsed = createFields.safeParse(fieldsOf(entry))
  if (!parsed.success) {
    failAs(entry, parsed)
    return undefined
  }
  entry.result.action = 'created'
  return { entry, fields: { id: entry.id, ...parsed.data } }
}

/** What is to be written for a row beside the persona of its name, if there is one; undefined where the row fails. */
export function planOf(
  entry: Entry,
  { current, mode }: { current: Persona | undefined; mode: 'upsert' | 'create' },
): Plan | undefined {
  if (current === undefined) return planCreation(entry)
  if (mode === 'create' && current.id !== entry.id) {
    // What is wrong with it comes first, as in a create.
    if (planCreation(entry) !== undefined) failName(entry, nameTaken({ name: entry.name }).message)
    return undefined
  }
  const parsed = updateFields.safeParse(fieldsOf(entry, current))
  if (!parsed.success) {
    failAs(entry, parsed)
    return undefined
  }
  entry.result.action = changed(current, parsed.data, Date.now()) === current ? 'unchanged' : 'updated'
  entry.result.id = current.id
  return { entry, current, change: parsed.data }
}
