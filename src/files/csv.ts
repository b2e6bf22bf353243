import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import type { FieldName } from '../personas/fields.js'
import type { ImportedPersona } from './persona.js'
import { importedFields, mapFields } from './persona.js'
import { addRow, FileFault, type Row } from './row.js'

const MAX_COLUMNS = 1_000
/** Characters of one record, at most: the largest persona with every quote doubled. */
const MAX_RECORD = 1024 * 1024
/** Characters that are parsed at once; others are answered in between. */
const PIECE = 256 * 1024

/**
 * Cells that a spreadsheet would run as a formula, and what is kept apart from what stands for them: a cell that is
 * nothing, or what is disarmed already.
 */
const DISARMED = /^'*(?:[=+\-@\t\r\n]|$)/

/** A text as a cell that no spreadsheet runs (OWASP, CSV injection): with an apostrophe before it. */
function toCell(text: string): string {
  const safe = DISARMED.test(text) ? `'${text}` : text
  return /[",;\r\n\t]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The text of a cell; undefined for one that is empty. */
function fromCell(cell: string): string | undefined {
  if (cell === '') return undefined
  return cell.startsWith("'") && DISARMED.test(cell.slice(1)) ? cell.slice(1) : cell
}

/** A list as a cell: its texts with commas between, or as JSON where they hold what that would lose. */
function listCell(texts: readonly string[]): string {
  const isPlain = texts.every((text) => !/[,;[\]]|^\s|\s$/.test(text) && text !== '')
  return isPlain ? texts.join(', ') : JSON.stringify(texts)
}

/** The JSON in a cell, or what it says where that is none: the schema of the field then says what it may be. */
function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}

function cellValue(name: string, cell: string): unknown {
  const text = fromCell(cell)
  if (text === undefined) return undefined
  if (name === 'tags') {
    const tags = text.split(/[,;]/).map((tag) => tag.trim())
    return text.trimStart().startsWith('[') ? jsonOr(text, tags) : tags.filter((tag) => tag !== '')
  }
  return mapFields.some((map) => map === name) ? jsonOr(text, text) : text
}

/** The value of a row: `headers.X-A` is a part of `headers`. */
function toValue(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [at, column] of columns.entries()) {
    const cell = cells[at] ?? ''
    const map = mapFields.find((name) => column.startsWith(`${name}.`))
    if (map === undefined) {
      const given = cellValue(column, cell)
      if (given !== undefined) define(value, column, given)
      continue
    }
    const text = fromCell(cell)
    if (text === undefined) continue
    const known = value[map]
    const parts = typeof known === 'object' && known !== null ? known : {}
    define(parts, column.slice(map.length + 1), text)
    value[map] = parts
  }
  return value
}

// A column may be called __proto__.
function define(value: object, name: string, given: unknown): void {
  Object.defineProperty(value, name, { value: given, enumerable: true, writable: true, configurable: true })
}

/** The separator of a file: the one that its first line has most of, outside of quotes. */
function separatorOf(text: string): string {
  const end = text.search(/[\r\n]/)
  const first = text.slice(0, end === -1 ? MAX_RECORD : Math.min(end, MAX_RECORD)).replaceAll(/"[^"]*"/g, '')
  const counts = [',', ';', '\t'].map((separator) => [separator, first.split(separator).length] as const)
  return counts.sort((a, b) => b[1] - a[1])[0]?.[0] ?? ','
}

/** What csv-parse found wrong, in our words. */
const FAULTS: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'a closing quote is followed by text',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by text',
  INVALID_OPENING_QUOTE:
    'a quote stands within a cell that does not begin with one: double it, and quote the cell',
  CSV_MAX_RECORD_SIZE: 'a row holds more than 1 MiB',
}

function faultOf(error: CsvError, skipped: number): FileFault {
  // The place that the library tells beside its message.
  const { lines, column } = error as { lines?: unknown; column?: unknown }
  const text = FAULTS[error.code] ?? error.message
  const place = typeof lines === 'number' ? { line: lines + skipped } : undefined
  const cell = typeof column === 'number' ? `, in cell ${column + 1}` : ''
  return new FileFault(`The file is not valid CSV: ${text}${cell}`, place)
}

function checkColumns(columns: readonly string[], line: number): void {
  const refuse = (fault: string) => new FileFault(`The file is not valid CSV: ${fault}`, { line })
  if (columns.length > MAX_COLUMNS)
    throw refuse(`it has more than ${MAX_COLUMNS.toLocaleString('en-US')} columns`)
  const seen = new Set<string>()
  for (const column of columns) {
    if (column !== '' && seen.has(column)) throw refuse(`column ${column} stands there twice`)
    seen.add(column)
  }
}

function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE)
}

/**
 * The rows of a CSV file (RFC 4180) with a header row; cells are separated by commas, semicolons or tabs, and empty
 * ones are left out. `tags` stand with commas between or as JSON, `headers` and `metadata` as JSON or as columns of
 * their own, such as `headers.X-A`.
 * @throws FileFault, with the line
 */
export async function readCsv(text: string): Promise<Row[]> {
  // Excel's own way to name the separator.
  const [named = '', separator] = /^sep=(.)\r?\n/.exec(text) ?? []
  const skipped = named === '' ? 0 : 1
  const body = text.slice(named.length)
  const parser = Readable.from(piecesOf(body)).compose(
    parse({
      delimiter: separator ?? separatorOf(body),
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: MAX_RECORD,
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
    }),
  )
  const rows: Row[] = []
  let columns: string[] | undefined
  // Where the record before it ended.
  let ended = skipped
  try {
    // As `info` asks for.
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>) {
      const line = ended + 1
      ended = info.lines + skipped
      if (columns === undefined) {
        columns = record.map((column) => column.trim())
        checkColumns(columns, line)
      } else if (record.slice(columns.length).some((cell) => cell.trim() !== '')) {
        const fault = `it has ${record.length} cells for ${columns.length} columns; texts with a separator go in quotes`
        throw new FileFault(`The file is not valid CSV: ${fault}`, { line })
      } else if (record.some((cell) => cell.trim() !== '')) {
        addRow(rows, { value: toValue(columns, record), line })
      }
    }
  } catch (error) {
    throw error instanceof CsvError ? faultOf(error, skipped) : error
  }
  if (columns === undefined) throw new FileFault('The file is empty')
  return rows
}

/** The header row of the files that `csvRow` writes rows of. */
export const CSV_HEADER: string = `${importedFields.join(',')}\n`

function cellOf(persona: ImportedPersona, name: FieldName & keyof ImportedPersona): string {
  const value = persona[name]
  if (value === undefined) return ''
  if (typeof value === 'string') return toCell(value)
  return toCell(Array.isArray(value) ? listCell(value) : JSON.stringify(value))
}

/** A persona as a row of CSV. What is absent is an empty cell; an empty text is a cell with an apostrophe. */
export function csvRow(persona: ImportedPersona): string {
  return `${importedFields.map((name) => cellOf(persona, name)).join(',')}\n`
}
