import { setImmediate } from 'node:timers/promises'
import { endOfString, faultOfShape } from '../json-shape.js'
import {
  type FileContent,
  FileFault,
  MAX_ROW_VALUES,
  MAX_VALUES,
  positionOf,
  type Row,
  RowList,
  turns,
} from './row.js'

/** As deep as any body of the API, and with as much in one list or object. */
export const JSON_LIMITS = { maxDepth: 64, maxValues: MAX_VALUES, maxMembers: MAX_ROW_VALUES }

const count = (limit: keyof typeof JSON_LIMITS) => JSON_LIMITS[limit].toLocaleString('en-US')
const FAULTS = {
  'too-deep': `The JSON is nested deeper than ${count('maxDepth')} levels`,
  'too-many-values': `The JSON holds more than ${count('maxValues')} values`,
  'too-many-members': `The JSON has a list or an object of more than ${count('maxMembers')} values`,
}

/** White space, and what stands in it; then a token of JSON (RFC 8259 §2) that is not a string. */
const SPACE = /[ \t\r\n]*/y
const TOKEN = /[{}[\]:,]|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y
/** What a string does not hold as it is (§7), and how it holds that. */
const ODD = /[^ !#-[\]-\u{10ffff}]/gu
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** Where a pattern that matches at `at` ends; undefined where it does not. */
function endOf(pattern: RegExp, json: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(json) ? pattern.lastIndex : undefined
}

/** Where the string that begins at `at` ends; undefined for none. It may be long: each part of it is looked at once. */
function endOfText(json: string, at: number): number | undefined {
  if (json[at] !== '"') return undefined
  ODD.lastIndex = at + 1
  for (let odd = ODD.exec(json); odd !== null; odd = ODD.exec(json)) {
    if (odd[0] === '"') return ODD.lastIndex
    const end = odd[0] === '\\' ? endOf(ESCAPE, json, odd.index) : undefined
    if (end === undefined) return undefined
    ODD.lastIndex = end
  }
  return undefined
}

type Wanted = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'comma' | 'end'

/** Where a text that `JSON.parse` does not take stops being JSON: engines differ in what they say of it. */
function offsetOfFault(json: string): number {
  const open: string[] = []
  let wanted: Wanted = 'value'
  const afterValue = (): Wanted => (open.length === 0 ? 'end' : 'comma')
  for (let next = 0; ; ) {
    const at = endOf(SPACE, json, next) ?? next
    const text = endOfText(json, at)
    const end = text ?? endOf(TOKEN, json, at)
    if (end === undefined) return at
    next = end
    const [first = ''] = json[at] ?? ''
    const mark = '{}[]:,'.includes(first) ? first : undefined
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

/**
 * The value of a JSON text; `line` is where it stands in a file of several.
 * @throws FileFault where it is none, with the place, or holds more than `JSON_LIMITS`
 */
export function parseJson(json: string, line?: number): unknown {
  const fault = faultOfShape(json, JSON_LIMITS)
  const place = line === undefined ? undefined : { line }
  if (fault !== undefined) throw new FileFault(FAULTS[fault], place)
  try {
    return JSON.parse(json)
  } catch {
    if (json.trim() === '') throw new FileFault('The file is empty')
    const offset = offsetOfFault(json)
    throw new FileFault(
      'The file is not valid JSON',
      line === undefined ? positionOf(json, offset) : { line, column: offset + 1 },
    )
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

/**
 * The rows of a JSON file: an array, an object with `personas`, or one persona or card. Others are answered between what
 * it takes.
 * @throws FileFault
 */
export async function readJson(json: string): Promise<FileContent> {
  const value = parseJson(json)
  const values = listOf(value)
  await setImmediate()
  // Where another array may come first, they are not known.
  const isFirst = !isObject(value) || Object.keys(value)[0] === 'personas'
  const lines = isFirst ? linesOfElements(json) : []
  await setImmediate()
  const list = new RowList()
  for (const [at, each] of values.entries()) {
    const line = lines[at]
    list.add(line === undefined ? { value: each } : { value: each, line })
  }
  const { rows } = list
  if (!isObject(value) || values[0] === value) return { rows }
  const { personas: _, ...options } = value
  return { rows, options }
}

/**
 * The rows of a file of JSON Lines (https://jsonlines.org): a value a line; blank ones are passed over. Others are
 * answered in between.
 * @throws FileFault, with the line
 */
export async function readJsonLines(text: string): Promise<Row[]> {
  const list = new RowList()
  const turn = turns()
  let line = 0
  for (let at = 0; at <= text.length; ) {
    const next = text.indexOf('\n', at)
    const end = next === -1 ? text.length : next
    const json = text.slice(at, end)
    line += 1
    at = end + 1
    if (json.trim() === '') continue
    list.add({ value: parseJson(json, line), line })
    await turn()
  }
  return list.rows
}
