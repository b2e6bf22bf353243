import { finished } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { CsvError, parse } from 'csv-parse'
import { excerpt } from '../excerpt.js'
import type { FieldName } from '../personas/fields.js'
import type { ImportedPersona } from './persona.js'
import { importedFields, mapFields } from './persona.js'
import { FileFault, type Row, RowList } from './row.js'

const MAX_COLUMNS = 1_000
/** Cells of any row, at most: those behind the last column are empty. */
const MAX_CELLS = 20 * MAX_COLUMNS
/** Bytes of one record, at most: the largest persona with every quote doubled. */
const MAX_RECORD = 1024 * 1024
/** Bytes that are parsed at once; others are answered in between. */
const PIECE = 64 * 1024

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

function invalid(fault: string, line: number): FileFault {
  return new FileFault(`The file is not valid CSV: ${fault}`, { line })
}

/**
 * Looks for rows of very many cells, which would take their memory before the library gives them: it counts what is in
 * cells, and not the cells.
 * @throws FileFault
 */
function checkCells(text: string, separator: string): void {
  let line = 1
  let cells = 1
  let isQuoted = false
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at]
    if (unit === '"') isQuoted = !isQuoted
    else if (unit === '\n') line += 1
    if (isQuoted) continue
    if (unit === '\n' || unit === '\r') cells = 1
    else if (unit === separator) {
      cells += 1
      if (cells > MAX_CELLS)
        throw invalid(`it has more than ${MAX_CELLS.toLocaleString('en-US')} columns`, line)
    }
  }
}

function checkColumns(columns: readonly string[], line: number): void {
  if (columns.length > MAX_COLUMNS) {
    throw invalid(`it has more than ${MAX_COLUMNS.toLocaleString('en-US')} columns`, line)
  }
  const seen = new Set<string>()
  for (const column of columns) {
    if (column !== '' && seen.has(column)) throw invalid(`column ${excerpt(column)} stands there twice`, line)
    seen.add(column)
  }
}

/** Follows the lines of a file: records may have several, and empty ones lie between them. */
function lineCounter(bytes: Buffer, skipped: number) {
  let line = skipped + 1
  let at = 0
  const pass = (end: number) => {
    for (let next = bytes.indexOf(0x0a, at); next !== -1 && next < end; next = bytes.indexOf(0x0a, at)) {
      line += 1
      at = next + 1
    }
    at = Math.max(at, end)
  }
  return {
    /** The line where the next record begins. */
    begin(): number {
      let start = at
      while (bytes[start] === 0x0a || bytes[start] === 0x0d) start += 1
      pass(start)
      return line
    },
    /** Notes that a record ended at an offset. */
    end: pass,
  }
}

/** Takes the records of a file: the first has the columns. */
function rowTaker(lines: ReturnType<typeof lineCounter>) {
  const list = new RowList()
  let columns: string[] | undefined
  return {
    rows: () => (columns === undefined ? undefined : list.rows),
    take(record: string[]): void {
      const line = lines.begin()
      if (columns === undefined) {
        columns = record.map((column) => column.trim())
        checkColumns(columns, line)
      } else if (record.slice(columns.length).some((cell) => cell.trim() !== '')) {
        const fault = `it has ${record.length} cells for ${columns.length} columns; a text with a separator goes in quotes`
        throw invalid(fault, line)
      } else if (record.some((cell) => cell.trim() !== '')) {
        list.add({ value: toValue(columns, record), line })
      }
    },
  }
}

/**
 * The rows of a CSV file (RFC 4180) with a header row; cells are separated by commas, semicolons or tabs, and empty
 * ones are left out. `tags` stand with commas between or as JSON, `headers` and `metadata` as JSON or as columns of
 * their own, such as `headers.X-A`. It lets others be answered in between.
 * @throws FileFault, with the line where the row begins
 */
export async function readCsv(text: string): Promise<Row[]> {
  // Excel's own way to name the separator.
  const [named = '', separator] = /^sep=(.)\r?\n/.exec(text) ?? []
  const body = text.slice(named.length)
  const delimiter = separator ?? separatorOf(body)
  checkCells(body, delimiter)
  await setImmediate()
  const bytes = Buffer.from(body)
  const lines = lineCounter(bytes, named === '' ? 0 : 1)
  const taker = rowTaker(lines)
  const fault: { error?: Error } = {}
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: MAX_RECORD,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record(record: string[], { bytes: end }) {
      taker.take(record)
      lines.end(end)
      return null
    },
  })
  // Nothing comes out of it, and so nothing waits to be read.
  parser.on('error', (error) => {
    fault.error = error
  })
  for (let at = 0; at <= bytes.length && fault.error === undefined; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE)
    if (at + PIECE > bytes.length) parser.end(piece)
    else parser.write(piece)
    await setImmediate()
  }
  await finished(parser.resume()).catch(() => undefined)
  const { error } = fault
  if (error instanceof CsvError) {
    // The place that the library tells beside its message.
    const { column } = error as { column?: unknown }
    const cell = typeof column === 'number' ? `, in cell ${column + 1}` : ''
    throw invalid(`${FAULTS[error.code] ?? error.message}${cell}`, lines.begin())
  }
  if (error !== undefined) throw error
  const rows = taker.rows()
  if (rows === undefined) throw new FileFault('The file is empty')
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
