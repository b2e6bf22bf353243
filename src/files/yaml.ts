import {
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  type ParseOptions,
  parseAllDocuments,
  type SchemaOptions,
  stringify,
  visit,
  type YAMLError,
} from 'yaml'
import { excerpt } from '../excerpt.js'
import { listOf } from './json.js'
import { FileFault, MAX_ROWS, type Row, RowList, tooManyRows, turns } from './row.js'

// Every field of a persona is text, or made of texts: `1.10`, `2026-01-28` and `no` are what is written. Only null
// is itself, as it clears a field.
const SCHEMA: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: ['null'],
  merge: true,
  // The library compares every key with every other one; it is done below.
  uniqueKeys: false,
  logLevel: 'silent',
}
/** Collections within each other, at most, and indicators of collections on a line. */
const MAX_DEPTH = 64
/** Uses of anchors, each weighed with those within it. */
const MAX_ALIASES = 10_000

/**
 * What is parsed at once, in UTF-16 units and in tokens: it takes a quarter of a second at worst, in which nobody is
 * answered. A list of more is parsed element by element; no persona has as much.
 */
const MAX_LENGTH = 512 * 1024
const MAX_TOKENS = 25_000

/** A part of a text, and the lines before it. */
interface Part {
  text: string
  before: number
}

function invalid(fault: string, line: number, column?: number): FileFault {
  return new FileFault(`The file is not valid YAML: ${fault}`, { line, column })
}

function tooDeep(line: number): FileFault {
  return invalid('it is nested too deeply', line)
}

/**
 * Looks at the tokens of a text, which the library reads without recursion, before it is parsed. Whether they are few
 * enough to be parsed at once.
 * @throws FileFault where it is nested deeper than any persona
 */
function areFew(text: string, before: number): boolean {
  if (text.length > MAX_LENGTH) return false
  let line = before + 1
  let tokens = 0
  let inFlow = 0
  let onLine = 0
  let directives = 0
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    if (tokens > MAX_TOKENS) return false
    if (token === '[' || token === '{') inFlow += 1
    else if (token === ']' || token === '}') inFlow -= 1
    else if (token === '-' || token === ':' || token === '?') onLine += inFlow === 0 ? 1 : 0
    else if (token.startsWith('%')) directives += 1
    else if (token.includes('\n')) {
      line += token.split('\n').length - 1
      onLine = 0
    }
    if (directives > MAX_DEPTH || inFlow > MAX_DEPTH || onLine > MAX_DEPTH) throw tooDeep(line)
  }
  return true
}

/** The parts of a text, each beginning where a pattern matches. */
function* split({ text, before }: Part, pattern: string): Generator<Part> {
  let line = before
  let from = 0
  function* upTo(end: number): Generator<Part> {
    if (end === from) return
    const part = text.slice(from, end)
    yield { text: part, before: line }
    for (let at = part.indexOf('\n'); at !== -1; at = part.indexOf('\n', at + 1)) line += 1
    from = end
  }
  for (const { index } of text.matchAll(new RegExp(`^(?=${pattern})`, 'gm'))) yield* upTo(index)
  yield* upTo(text.length)
}

// What may stand before the first element of a list: comments, directives, `---`, and the name of the list.
const HEAD_LINE = /(?:[ \t]*(?:#.*)?|%.*|---[ \t]*(?:#.*)?|personas:[ \t]*(?:#.*)?)\r?\n/y

/** Where the lines before the first element of a list end. */
function endOfHead(text: string): number {
  let end = 0
  HEAD_LINE.lastIndex = 0
  while (HEAD_LINE.test(text)) end = HEAD_LINE.lastIndex
  return end
}

/** Parts that are parsed one by one: documents, and the elements of the list of a large one. */
function* partsOf(text: string): Generator<Part> {
  for (const document of split({ text, before: 0 }, '---(?:\\s|$)')) {
    const head = document.text.slice(0, endOfHead(document.text))
    const [, indent] = /^( *)-\s/.exec(document.text.slice(head.length)) ?? []
    if (indent === undefined || areFew(document.text, document.before)) yield document
    else {
      const [, ...before] = head.split('\n')
      const list = { text: document.text.slice(head.length), before: document.before + before.length }
      yield* split(list, `${indent}-\\s`)
    }
  }
}

function faultOf(error: YAMLError, before: number): FileFault {
  // The library's message goes on with the place and the line itself.
  const [message = ''] = error.message.split(/ at line \d+, column \d+|\n/)
  const [start] = error.linePos ?? []
  return invalid(message, before + (start?.line ?? 1), start?.col)
}

/** @throws FileFault for a key that is no text, or is twice in a map */
function checkKeys(document: Document.Parsed | Document, lines: LineCounter, before: number): void {
  visit(document, {
    Map(_, { items, range }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        const line = before + lines.linePos((isNode(key) ? key.range : range)?.[0] ?? 0).line
        if (!isScalar(key)) throw invalid('a key must be text', line)
        // Of merges there may be several.
        if (seen.has(key.value) && key.value !== '<<') {
          throw invalid(`key ${excerpt(String(key.value))} stands there twice`, line)
        }
        seen.add(key.value)
      }
    },
  })
}

function toValue(document: Document.Parsed | Document, before: number): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (error instanceof RangeError || !(error instanceof Error)) throw error
    // Aliases of nothing, or of too much.
    throw invalid(`${error.message} (in large files an anchor is for its own persona)`, before + 1)
  }
}

/** The lines of the elements of the list that a document is, or has as `personas`. */
function linesOf(document: Document.Parsed | Document, lines: LineCounter): (number | undefined)[] {
  const { contents } = document
  const list = isMap(contents) ? contents.get('personas', true) : contents
  const nodes: unknown[] = isSeq(list) ? list.items : [contents]
  return nodes.map((node) => {
    // Aliases have a place too.
    const range = isNode(node) || isAlias(node) ? (node as ParsedNode).range : undefined
    return range ? lines.linePos(range[0]).line : undefined
  })
}

/** A document of a text: its value, and the lines of the rows in it. */
interface ParsedDocument {
  value: unknown
  lines: (number | undefined)[]
}

/**
 * The documents of a text in which every scalar but null is text; `before` is the number of lines before it.
 * @throws FileFault, with the place
 */
export function parseYaml(text: string, before = 0): ParsedDocument[] {
  if (!areFew(text, before)) {
    throw invalid('a persona, or a document that is no list, is longer than any persona', before + 1)
  }
  const lineCounter = new LineCounter()
  try {
    const parsed = parseAllDocuments(text, { ...SCHEMA, lineCounter })
    // Without a document there is an object that says so.
    const documents: (Document.Parsed | Document)[] = Array.isArray(parsed) ? parsed : []
    return documents.map((document) => {
      const [error] = document.errors
      if (error !== undefined) throw faultOf(error, before)
      checkKeys(document, lineCounter, before)
      const value = toValue(document, before)
      return { value, lines: linesOf(document, lineCounter).map((line) => line && line + before) }
    })
  } catch (error) {
    // Of the engine: it is as deep as its stack.
    throw error instanceof RangeError ? tooDeep(before + 1) : error
  }
}

/**
 * The rows of a YAML file: a list, an object with `personas`, or documents of one persona each. It lets others be
 * answered in between.
 * @throws FileFault, with the place
 */
export async function readYaml(text: string): Promise<Row[]> {
  const list = new RowList()
  const turn = turns()
  let isEmpty = true
  let parts = 0
  for (const { text: part, before } of partsOf(text)) {
    await turn()
    parts += 1
    // Documents may be empty, but not all of them.
    if (parts > 2 * MAX_ROWS) throw tooManyRows(before + 1)
    for (const { value, lines } of parseYaml(part, before)) {
      if (value === null) continue
      isEmpty = false
      for (const [at, each] of listOf(value).entries()) {
        const line = lines[at]
        list.add(line === undefined ? { value: each } : { value: each, line })
      }
    }
  }
  if (isEmpty) throw new FileFault('The file is empty')
  return list.rows
}

// What other readers may change or refuse outside of escapes: YAML 1.2 §5.1 and §5.4.
const UNSAFE = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * A value as YAML: texts of several lines as they are, and those that readers take for something else in quotes
 * (YAML 1.1's `no` included). Where it has control characters, and others of that kind, everything is in quotes.
 */
export function writeYaml(value: unknown): string {
  const isUnsafe = /\\u00|\\[rbf]/.test(JSON.stringify(value)) || JSON.stringify(value).search(UNSAFE) !== -1
  if (!isUnsafe) return stringify(value, { compat: 'yaml-1.1', lineWidth: 0 })
  return stringify(value, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'QUOTE_DOUBLE',
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    lineWidth: 0,
  }).replaceAll(UNSAFE, escaped)
}
