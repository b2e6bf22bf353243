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

/** Adds a row to those of a file. @throws FileFault for one too many. */
export function addRow(rows: Row[], row: Row): void {
  if (rows.length === MAX_ROWS) throw tooManyRows(row)
  rows.push(row)
}

function tooManyRows({ line }: Row): FileFault {
  const message = `A file holds at most ${MAX_ROWS.toLocaleString('en-US')} personas`
  return new FileFault(message, line === undefined ? undefined : { line })
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
