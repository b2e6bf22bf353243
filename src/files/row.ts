import { setImmediate } from 'node:timers/promises'

/** What a file says of one persona, before anything of it is judged. */
export interface Row {
  /** A persona, a character card, or a row of a data set; anything else fails when it is imported. */
  value: unknown
  /** The line of the file where it begins, from 1, where that is known. */
  line?: number
  /** The PNG that the card stood in. */
  picture?: Buffer
}

/** What is in a file. */
export interface FileContent {
  rows: Row[]
  /** What a JSON object says beside its `personas`. */
  options?: Record<string, unknown>
}

/** Where something is in a text, from 1; columns count UTF-16 units. */
export interface Position {
  line: number
  column?: number | undefined
}

/** Why a file cannot be read at all. Its message names the place. */
export class FileFault extends Error {
  readonly line?: number

  constructor(message: string, position?: Position) {
    const { line, column } = position ?? {}
    const place =
      line === undefined ? '' : ` at line ${line}${column === undefined ? '' : `, column ${column}`}`
    super(message + place)
    this.name = 'FileFault'
    if (line !== undefined) this.line = line
  }
}

/** The most personas of one file, and its most bytes. */
export const MAX_ROWS = 5_000
export const MAX_FILE_BYTES = 10 * 1024 * 1024
/** Enough values for 5,000 personas with all their headers, tags and metadata. */
export const MAX_VALUES = 700_000
/** The values of one row, at most: as many as the body of any other call may hold. */
export const MAX_ROW_VALUES = 20_000

/** How many values there are in one that has no circles: texts, lists, maps and what is in them; `limit` at most. */
export function valuesIn(value: unknown, limit: number): number {
  const open: unknown[] = [value]
  let count = 0
  while (open.length > 0 && count < limit) {
    const each = open.pop()
    count += 1
    if (typeof each !== 'object' || each === null) continue
    const parts = Object.values(each)
    if (parts.length > limit) return limit
    for (const part of parts) open.push(part)
  }
  return count
}

/** A file of more than it may hold. */
function tooMany(count: number, what: 'personas' | 'values', line: number | undefined): FileFault {
  const message = `A file holds at most ${count.toLocaleString('en-US')} ${what}`
  return new FileFault(message, line === undefined ? undefined : { line })
}

/** A file of more rows than it may hold. */
export function tooManyRows(line?: number): FileFault {
  return tooMany(MAX_ROWS, 'personas', line)
}

/** The rows of a file, as they are read. */
export class RowList {
  readonly rows: Row[] = []
  #values = 0

  /** @throws FileFault for a row too many, or too many values in all */
  add(row: Row): void {
    const { value, line } = row
    if (this.rows.length === MAX_ROWS) throw tooManyRows(line)
    this.#values += valuesIn(value, MAX_VALUES + 1)
    if (this.#values > MAX_VALUES) throw tooMany(MAX_VALUES, 'values', line)
    this.rows.push(row)
  }
}

/** Milliseconds of work after which others are answered before there is more. */
const TURN = 50

/** When those who wait for a turn now have had theirs. */
let queue: Promise<void> = Promise.resolve()

/** Waits until others were answered. Works take turns: Node would run what all of them waited for without a pause. */
function nextTurn(): Promise<void> {
  queue = queue.then(() => setImmediate())
  return queue
}

/** Lets others be answered in long work: called between its parts, it waits for that where it is time. */
export function turns(): () => Promise<void> | undefined {
  let began = performance.now()
  return () => {
    if (performance.now() - began < TURN) return undefined
    return nextTurn().then(() => {
      began = performance.now()
    })
  }
}

/** The line and column of an offset. */
export function positionOf(text: string, offset: number): Required<Position> {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line += 1
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}

/** Byte order marks, and the encodings that they are of (Encoding Standard, §6.1). */
const MARKS = [
  { mark: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { mark: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
]

/**
 * The text of a file in UTF-8, or in UTF-16 with a byte order mark, without that mark.
 * @throws FileFault where it is neither, with the place of the first byte that is wrong
 */
export function textOf(bytes: Buffer): string {
  const marked = MARKS.find(({ mark }) => bytes.subarray(0, mark.length).equals(mark))
  const encoding = marked?.encoding ?? 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    const text = new TextDecoder(encoding).decode(bytes)
    const position = positionOf(text, text.indexOf('\ufffd'))
    throw new FileFault(
      `The file is not valid ${encoding.toUpperCase()}: save it as UTF-8. It is wrong`,
      position,
    )
  }
}
