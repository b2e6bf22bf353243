import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cardOf, cardPng } from '../../src/files/card.js'
import {
  type ExportFormat,
  exportFormats,
  type FormatName,
  readFile,
  writeFile,
} from '../../src/files/formats.js'
import { writeMarkdown } from '../../src/files/markdown.js'
import type { ImportedPersona } from '../../src/files/persona.js'
import { readRow } from '../../src/files/reading.js'
import { plainPortrait } from '../../src/images/processing.js'
import { withoutCase } from '../../src/personas/tags.js'

/** Texts with what formats have a meaning for. */
const ODD = [
  ...[
    '\n',
    '\r\n',
    '\r',
    '\t',
    ' ',
    '  ',
    '\\',
    '"',
    "'",
    '`',
    ',',
    ';',
    ':',
    ': ',
    '- ',
    '#',
    ' #',
    '---\n',
    '\n---\n',
  ],
  ...[
    '...',
    '|',
    '>',
    '&a',
    '*a',
    '!!str',
    '%',
    '@',
    '=',
    '+',
    '-',
    '{',
    '}',
    '[',
    ']',
    '<<',
    '?',
    '~',
    'null',
    'no',
    'Yes',
  ],
  ...[
    '1.10',
    '0x1f',
    '1e3',
    '2026-01-28',
    'true',
    '.inf',
    '\u0001',
    '\u007f',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u00a0',
  ],
  ...['é', 'é', 'ß', '日本', '😀', '{{char}}', '{{user}}', '"a,b"', '""', '=1+1', "'=1", "'", "''"],
]
const odd = fc
  .array(fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 8 })
  .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed())
const prompts = fc.oneof(
  odd,
  fc.array(odd, { maxLength: 4 }).map((lines) => lines.join('\n')),
)
const names = odd
  .map((text) =>
    text
      .replaceAll(/\p{Cc}/gu, '')
      .trim()
      .normalize('NFC'),
  )
  .filter((text) => text !== '' && text === text.trim())
const tags = fc
  .uniqueArray(names, { selector: withoutCase, minLength: 1, maxLength: 4 })
  .map((list) => list.map((tag) => [...tag].slice(0, 20).join('').trim()).filter((tag) => tag !== ''))
  .filter((list) => list.length > 0 && new Set(list.map(withoutCase)).size === list.length)
const keys = odd.filter((key) => key !== '' && key !== '__proto__')
const metadata = fc.dictionary(keys, odd, { minKeys: 1, maxKeys: 4, noNullPrototype: true })
const headers = fc.dictionary(
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/).filter((name) => name !== '__proto__'),
  fc.stringMatching(/^[\t\x20-\x7e]{0,12}$/),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
)

const personas: fc.Arbitrary<ImportedPersona> = fc.record(
  { name: names, description: odd, systemPrompt: prompts, headers, tags, metadata },
  { requiredKeys: ['name'] },
)

async function fieldsIn(format: FormatName, file: string | Buffer): Promise<unknown[]> {
  const { rows } = await readFile(format, Buffer.from(file as string))
  return rows.map(({ value }) => {
    const { fields, warnings } = readRow(value)
    expect(warnings).toEqual([])
    return fields
  })
}

async function* inOnePage(all: ImportedPersona[]) {
  yield all
}

async function written(format: ExportFormat, all: ImportedPersona[]): Promise<string> {
  let file = ''
  for await (const piece of writeFile(format, inOnePage(all))) file += piece
  return file
}

function withoutHeaders({ headers: _, ...persona }: ImportedPersona): ImportedPersona {
  return persona
}

describe('what is written is read as it was', () => {
  it.each(exportFormats)('%s', async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.array(personas, { minLength: 1, maxLength: 4 }), async (all) => {
        expect(await fieldsIn(format, await written(format, all))).toEqual(all)
      }),
      { numRuns: 300 },
    )
  })

  it('md', async () => {
    await fc.assert(
      fc.asyncProperty(personas, async (persona) => {
        expect(await fieldsIn('md', writeMarkdown(persona))).toEqual([persona])
      }),
      { numRuns: 300 },
    )
  })

  it.each([2, 3])('a card of V%i, but for headers', async (version) => {
    await fc.assert(
      fc.asyncProperty(personas, async (persona) => {
        const card = JSON.stringify(cardOf(persona, { version }))
        expect(await fieldsIn('json', card)).toEqual([withoutHeaders(persona)])
      }),
    )
  })

  it('a card in a PNG, but for headers', async () => {
    const png = await plainPortrait()
    await fc.assert(
      fc.asyncProperty(personas, async (persona) => {
        expect(await fieldsIn('png', cardPng(png, persona, true))).toEqual([withoutHeaders(persona)])
      }),
    )
  })

  it('no persona at all, in each format', async () => {
    for (const format of exportFormats.filter((each) => each !== 'jsonl')) {
      expect(await fieldsIn(format, await written(format, [])), format).toEqual([])
    }
  })
})

describe('files are for people and spreadsheets', () => {
  const persona = {
    name: 'a',
    systemPrompt: 'You are\nbrief.\n',
    tags: ['x', 'yes'],
    metadata: { version: '1.10' },
  }

  it('texts of several lines stand as they are in YAML', async () => {
    expect(await written('yaml', [persona])).toBe(
      '- name: a\n  systemPrompt: |\n    You are\n    brief.\n  tags:\n    - x\n    - "yes"\n  metadata:\n    version: "1.10"\n',
    )
  })

  it('Markdown has its fields in front, and the prompt as its body to the last newline', () => {
    expect(writeMarkdown({ name: 'a', systemPrompt: '\n---\nb\n\n' })).toBe('---\nname: a\n---\n\n---\nb\n\n')
  })

  it('no cell of CSV begins as a formula', async () => {
    await fc.assert(
      fc.asyncProperty(personas, async (each) => {
        const [, ...rows] = (await fieldsOfCsv([each])).split('\u0000')
        for (const cell of rows) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
      }),
    )
    async function fieldsOfCsv(all: ImportedPersona[]): Promise<string> {
      const { parse } = await import('csv-parse/sync')
      return parse(await written('csv', all))
        .flat()
        .join('\u0000')
    }
  })
})
