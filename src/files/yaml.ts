import { setImmediate } from 'node:timers/promises'
import {
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  type ParsedNode,
  type ParseOptions,
  parseAllDocuments,
  type SchemaOptions,
  stringify,
  YAMLParseError,
} from 'yaml'
import { listOf } from './json.js'
import { addRow, FileFault, type Row } from './row.js'

// Every field of a persona is text, or made of texts: `1.10`, `2026-01-28` and `no` are what is written. Only null
// is itself, as it clears a field.
const SCHEMA: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: ['null'],
  merge: true,
  logLevel: 'silent',
}
/** Uses of anchors, each weighed with those within it. */
const MAX_ALIASES = 10_000

/** Longest text that is parsed at once, in UTF-16 units: it takes half a second at worst, in which nobody is answered. */
const AT_ONCE = 128 * 1024

/** A part of a text, and the lines before it. */
interface Part {
  text: string
  before: number
}

function* split({ text, before }: Part, pattern: RegExp): Generator<Part> {
  let line = before
  for (const part of text.split(pattern)) {
    yield { text: part, before: line }
    for (let at = part.indexOf('\n'); at !== -1; at = part.indexOf('\n', at + 1)) line += 1
  }
}

// What may stand before the first element of a list: comments, directives, `---`, and the name of the list.
const HEAD = /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n|---[ \t]*(?:#.*)?\r?\n|personas:[ \t]*(?:#.*)?\r?\n)*/

/** Parts that are parsed one by one: documents, and the elements of the list of a large one. */
function* partsOf(text: string): Generator<Part> {
  for (const document of split({ text, before: 0 }, /^(?=---(?:\s|$))/m)) {
    const [head = ''] = HEAD.exec(document.text) ?? []
    const [, indent] = /^( *)-\s/.exec(document.text.slice(head.length)) ?? []
    if (document.text.length <= AT_ONCE || indent === undefined) yield document
    else {
      const [, ...before] = head.split('\n')
      const list = { text: document.text.slice(head.length), before: document.before + before.length }
      yield* split(list, new RegExp(`^(?=${indent}-\\s)`, 'm'))
    }
  }
}

function faultOf(error: YAMLParseError, before: number): FileFault {
  // The library's message goes on with the place and the line itself.
  const [message = ''] = error.message.split(/ at line \d+, column \d+|\n/)
  const [start] = error.linePos ?? []
  return new FileFault(
    `The file is not valid YAML: ${message}`,
    start && { line: before + start.line, column: start.col },
  )
}

function toValue(document: Document.Parsed | Document, { before }: Part): unknown {
  const [error] = document.errors
  if (error instanceof YAMLParseError) throw faultOf(error, before)
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    const message = error.message.startsWith('Excessive')
      ? `anchors are used more than ${MAX_ALIASES.toLocaleString('en-US')} times`
      : `${error.message}; in files beyond 128 KiB an anchor is for its own persona`
    throw new FileFault(`The file is not valid YAML: ${message}`, { line: before + 1 })
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

/** Parses YAML in which every scalar but null is text. @throws FileFault, with the place */
export function parseYaml(text: string, before = 0): { value: unknown; lines: (number | undefined)[] }[] {
  const part = { text, before }
  const lineCounter = new LineCounter()
  const parsed = parseAllDocuments(text, { ...SCHEMA, lineCounter })
  if (!Array.isArray(parsed)) return []
  return parsed.map((document) => ({
    value: toValue(document, part),
    lines: linesOf(document, lineCounter).map((line) => line && line + before),
  }))
}

/**
 * The rows of a YAML file: a list, an object with `personas`, or documents of one persona each. It lets others be
 * answered in between.
 * @throws FileFault, with the place
 */
export async function readYaml(text: string): Promise<Row[]> {
  const rows: Row[] = []
  let isEmpty = true
  let parsed = 0
  for (const { text: part, before } of partsOf(text)) {
    parsed += part.length
    if (parsed > AT_ONCE) {
      await setImmediate()
      parsed = part.length
    }
    for (const { value, lines } of parseYaml(part, before)) {
      if (value === null) continue
      isEmpty = false
      for (const [at, each] of listOf(value).entries()) {
        const line = lines[at]
        addRow(rows, line === undefined ? { value: each } : { value: each, line })
      }
    }
  }
  if (isEmpty) throw new FileFault('The file is empty')
  return rows
}

// What other readers may change or refuse outside of quotes: YAML 1.2 §5.1 and §5.4.
const UNSAFE = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

/**
 * A value as YAML: texts of several lines as they are, and those that readers take for something else in quotes
 * (YAML 1.1's `no` included).
 */
export function writeYaml(value: unknown): string {
  const isUnsafe = UNSAFE.test(JSON.stringify(value).replaceAll(/\\u[0-9a-f]{4}|\\[rbf]/g, '\0'))
  return stringify(value, {
    compat: 'yaml-1.1',
    lineWidth: 0,
    ...(isUnsafe && { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }),
  })
}
