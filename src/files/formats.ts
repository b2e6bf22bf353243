import { setImmediate } from 'node:timers/promises'
import { cardOf, readCardPng } from './card.js'
import { CSV_HEADER, csvRow, readCsv } from './csv.js'
import { readJson, readJsonLines } from './json.js'
import { readMarkdown, writeMarkdown } from './markdown.js'
import type { ImportedPersona } from './persona.js'
import { type FileContent, FileFault, textOf } from './row.js'
import { readYaml, writeYaml } from './yaml.js'

/** A format that files of personas are read from. */
interface FileFormat {
  /** Its media types. */
  types: readonly [string, ...string[]]
  /** What names of such files end in. */
  extensions: readonly string[]
  read(bytes: Buffer): FileContent | Promise<FileContent>
}

/** The formats by name; the first media type of each is the one that is sent. */
export const formats = {
  json: {
    types: ['application/json'],
    extensions: ['json'],
    read: (bytes) => readJson(textOf(bytes)),
  },
  jsonl: {
    types: ['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines'],
    extensions: ['jsonl', 'ndjson'],
    read: async (bytes) => ({ rows: await readJsonLines(textOf(bytes)) }),
  },
  yaml: {
    types: ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'],
    extensions: ['yaml', 'yml'],
    read: async (bytes) => ({ rows: await readYaml(textOf(bytes)) }),
  },
  csv: {
    types: ['text/csv', 'text/tab-separated-values'],
    extensions: ['csv', 'tsv'],
    read: async (bytes) => ({ rows: await readCsv(textOf(bytes)) }),
  },
  md: {
    types: ['text/markdown', 'text/x-markdown'],
    extensions: ['md', 'markdown'],
    read: (bytes) => ({ rows: readMarkdown(textOf(bytes)) }),
  },
  png: {
    types: ['image/png'],
    extensions: ['png'],
    read: (bytes) => ({ rows: readCardPng(bytes) }),
  },
} as const satisfies Record<string, FileFormat>
export type FormatName = keyof typeof formats

/** What is in a file of a format. @throws FileFault where it cannot be read, with the place where there is one */
export async function readFile(format: FormatName, bytes: Buffer): Promise<FileContent> {
  if (bytes.length === 0) throw new FileFault('The file is empty')
  return formats[format].read(bytes)
}

export const exportFormats = ['json', 'jsonl', 'yaml', 'csv'] as const
/** A format that many personas are exported in. */
export type ExportFormat = (typeof exportFormats)[number]

/** How a file of many personas is written: what stands before the first, between two, and after the last. */
const WRITERS: Record<
  ExportFormat,
  { first: string; none: string; end: string; row(persona: ImportedPersona, isFirst: boolean): string }
> = {
  json: {
    first: '[\n',
    none: '[',
    end: '\n]\n',
    row: (persona, isFirst) => `${isFirst ? '' : ',\n'}${JSON.stringify(persona)}`,
  },
  jsonl: { first: '', none: '', end: '', row: (persona) => `${JSON.stringify(persona)}\n` },
  yaml: { first: '', none: '[]\n', end: '', row: (persona) => writeYaml([persona]) },
  csv: { first: CSV_HEADER, none: CSV_HEADER, end: '', row: csvRow },
}

/** Characters that are written before others have a turn. */
const PIECE = 64 * 1024

/** Writes personas, page by page, as the text of a file in pieces; others are answered in between. */
export async function* writeFile(
  format: ExportFormat,
  pages: AsyncIterable<readonly ImportedPersona[]>,
): AsyncGenerator<string> {
  const { first, none, end, row } = WRITERS[format]
  let isFirst = true
  let piece = ''
  for await (const page of pages) {
    for (const persona of page) {
      piece += (isFirst ? first : '') + row(persona, isFirst)
      isFirst = false
      if (piece.length < PIECE) continue
      yield piece
      piece = ''
      await setImmediate()
    }
  }
  yield piece + (isFirst ? none : '') + end
}

/** A persona alone as a card in JSON or Markdown. Headers may hold keys, and are never in a card. */
export function writeCard(format: 'json' | 'md', persona: ImportedPersona): string {
  const { headers: _, ...shown } = persona
  return format === 'md' ? writeMarkdown(shown) : `${JSON.stringify(cardOf(shown), null, 2)}\n`
}
