import { endOfString, faultOfShape } from '../json-shape.js'
import { addRow, type FileContent, FileFault, type Position, positionOf, type Row } from './row.js'

/** As deep as any body of the API, and enough values for 5,000 personas with all their headers, tags and metadata. */
export const JSON_LIMITS = { maxDepth: 64, maxValues: 700_000 }

/** A token of JSON (RFC 8259 §2), with the white space before it. A string is matched in runs: it may be long. */
const TOKEN = new RegExp(
  [
    String.raw`[ \t\r\n]*(?:(?<mark>[{}[\]:,])`,
    String.raw`(?<text>"(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")`,
    String.raw`(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))`,
  ].join('|'),
  'y',
)

type Wanted = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'comma' | 'end'

/** Where a text that `JSON.parse` does not take stops being JSON: engines differ in what they say of it. */
function offsetOfFault(json: string): number {
  const open: string[] = []
  let wanted: Wanted = 'value'
  TOKEN.lastIndex = 0
  const afterValue = (): Wanted => (open.length === 0 ? 'end' : 'comma')
  for (;;) {
    const from = TOKEN.lastIndex
    const at = from + (/\S/.exec(json.slice(from, from + 10_000))?.index ?? 0)
    const { mark, text } = TOKEN.exec(json)?.groups ?? {}
    // What does not match resets it.
    if (TOKEN.lastIndex === 0) return at
    if (wanted === 'value' || wanted === 'first value') {
      if (mark === '{' || mark === '[') {
        open.push(mark)
        wanted = mark === '{' ? 'first name' : 'first value'
      } else if (mark === ']' && wanted === 'first value') {
        open.pop()
        wanted = afterValue()
      } else if (mark !== undefined) return at
      else wanted = afterValue()
    } else if (wanted === 'name' || wanted === 'first name') {
      if (text !== undefined) wanted = 'colon'
      else if (mark === '}' && wanted === 'first name') {
        open.pop()
        wanted = afterValue()
      } else return at
    } else if (wanted === 'colon') {
      if (mark !== ':') return at
      wanted = 'value'
    } else if (wanted === 'end') return at
    else if (mark === ',') wanted = open.at(-1) === '{' ? 'name' : 'value'
    else if (mark === (open.at(-1) === '{' ? '}' : ']')) {
      open.pop()
      wanted = afterValue()
    } else return at
  }
}

function invalid(position: Position): FileFault {
  return new FileFault('The file is not valid JSON', position)
}

/**
 * The value of a JSON text.
 * @throws FileFault where it is none, with the place, or holds more than `JSON_LIMITS`
 */
export function parseJson(json: string): unknown {
  const fault = faultOfShape(json, JSON_LIMITS)
  if (fault === 'too-deep')
    throw new FileFault(`The JSON is nested deeper than ${JSON_LIMITS.maxDepth} levels`)
  if (fault !== undefined) {
    throw new FileFault(`The JSON holds more than ${JSON_LIMITS.maxValues.toLocaleString('en-US')} values`)
  }
  try {
    return JSON.parse(json)
  } catch {
    if (json.trim() === '') throw new FileFault('The file is empty')
    throw invalid(positionOf(json, offsetOfFault(json)))
  }
}

/** The lines where the elements of the first array of a JSON text begin; the text is valid. */
function linesOfElements(json: string): number[] {
  const lines: number[] = []
  let line = 1
  let depth = 0
  let listDepth = 0
  let isNext = false
  for (let at = 0; at < json.length; at += 1) {
    const unit = json.charCodeAt(at)
    if (unit === 0x0a) line += 1
    if (unit <= 0x20) continue
    const closes = unit === 0x5d || unit === 0x7d
    if (isNext && !closes) lines.push(line)
    isNext = false
    if (unit === 0x22) at = endOfString(json, at)
    else if (closes) {
      depth -= 1
      if (depth < listDepth) return lines
    } else if (unit === 0x7b || unit === 0x5b) {
      depth += 1
      if (unit === 0x5b && listDepth === 0) {
        listDepth = depth
        isNext = true
      }
    } else if (unit === 0x2c) isNext = listDepth > 0 && depth === listDepth
  }
  return lines
}

/** Fields by which a lone object is a row itself: a persona, a card or one of a data set. */
const OF_A_ROW = ['name', 'persona', 'spec', 'first_mes']

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The list of rows that a value of a file is, holds as `personas`, or is the one row of. @throws FileFault */
export function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (isObject(value)) {
    if (Array.isArray(value.personas)) return value.personas
    if (value.personas === undefined && OF_A_ROW.some((name) => name in value)) return [value]
  }
  throw new FileFault('The file must hold a list of personas, or an object with the list as personas')
}

/** The rows of a JSON file: an array, an object with `personas`, or one persona or card. @throws FileFault */
export function readJson(json: string): FileContent {
  const value = parseJson(json)
  const values = listOf(value)
  // Where another array may come first, they are not known.
  const isFirst = !isObject(value) || Object.keys(value)[0] === 'personas'
  const lines = isFirst ? linesOfElements(json) : []
  const rows: Row[] = []
  for (const [at, each] of values.entries()) {
    const line = lines[at]
    addRow(rows, line === undefined ? { value: each } : { value: each, line })
  }
  if (!isObject(value) || values[0] === value) return { rows }
  const { personas: _, ...options } = value
  return { rows, options }
}

/** The rows of a file of JSON Lines (https://jsonlines.org): a value a line; blank ones are passed over. @throws FileFault */
export function readJsonLines(text: string): Row[] {
  const rows: Row[] = []
  let line = 0
  for (const json of text.split('\n')) {
    line += 1
    if (json.trim() === '') continue
    try {
      addRow(rows, { value: JSON.parse(json), line })
    } catch (error) {
      if (error instanceof FileFault) throw error
      throw invalid({ line, column: offsetOfFault(json) + 1 })
    }
  }
  return rows
}
