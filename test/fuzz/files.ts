import fc from 'fast-check'
import { stringify } from 'yaml'
import { cardChunk } from '../files/samples.js'
import { PIXEL, wildText, wildValue } from './values.js'

/** The body of a request, and what it says that it is. */
export interface Content {
  type: string
  bytes: Buffer
}

const TYPES = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  yaml: 'application/yaml',
  csv: 'text/csv',
  md: 'text/markdown',
  png: 'image/png',
}

const name = fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[a-z]{1,2}$/) }, wildText)
const texts = fc.dictionary(fc.oneof(fc.stringMatching(/^[A-Za-z-]{1,8}$/), wildText), wildText, {
  maxKeys: 3,
})

/** A row of a file: mostly a persona, and now and then a card, one of a data set, or anything. */
const row: fc.Arbitrary<object> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        name,
        description: fc.oneof(wildText, fc.constant(null)),
        systemPrompt: wildText,
        tags: fc.array(fc.oneof(fc.stringMatching(/^[a-z]{1,9}$/), wildText), { maxLength: 3 }),
        headers: texts,
        metadata: texts,
      },
      { requiredKeys: ['name'] },
    ),
  },
  { weight: 2, arbitrary: fc.dictionary(fc.oneof(fc.constantFrom('name', 'tags'), wildText), wildValue) },
  fc.record({ persona: wildText }),
  fc.record({ uuid: wildText, persona: wildText, skills_and_expertise: wildValue, age: wildValue }),
  fc.record({
    type: fc.constant('TinyPerson'),
    persona: fc.dictionary(fc.constantFrom('name', 'age'), wildValue),
  }),
  fc
    .tuple(fc.constantFrom('chara_card_v2', 'chara_card_v3'), cardData())
    .map(([spec, data]) => ({ spec, data })),
  cardData(),
)

function cardData(): fc.Arbitrary<object> {
  const braces = wildText.map((text) => `{{char}} ${text} {{USER}}`)
  const text = fc.oneof(braces, wildText, wildValue)
  return fc.record(
    {
      name: fc.oneof(name, wildValue),
      first_mes: wildText,
      description: text,
      personality: text,
      creator_notes: text,
      nickname: text,
      tags: fc.oneof(fc.array(wildText, { maxLength: 3 }), wildValue),
      extensions: fc.dictionary(fc.constantFrom('personas-api', 'depth_prompt'), wildValue),
    },
    { requiredKeys: ['name', 'first_mes'] },
  )
}

const rows = fc.array(row, { maxLength: 4 })

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const cell = (value: unknown) => (value === undefined ? '' : `"${asText(value).replaceAll('"', '""')}"`)

function csvOf(list: readonly object[], separator: string): string {
  const columns = [...new Set(list.flatMap(Object.keys))]
  const records = list.map((each) => columns.map((column) => cell(Reflect.get(each, column))))
  return [columns.map(cell), ...records].map((cells) => `${cells.join(separator)}\n`).join('')
}

function pngOf(card: object, keyword: 'chara' | 'ccv3'): Buffer {
  const png = Buffer.from(PIXEL, 'base64')
  return Buffer.concat([png.subarray(0, -12), cardChunk(keyword, card), png.subarray(-12)])
}

/** Whole files of each format. */
const whole: fc.Arbitrary<Content> = fc.oneof(
  rows.map((list) => ({ type: TYPES.json, bytes: Buffer.from(JSON.stringify(list)) })),
  rows.map((list) => ({
    type: TYPES.jsonl,
    bytes: Buffer.from(list.map((each) => `${JSON.stringify(each)}\n`).join('')),
  })),
  rows.map((list) => ({ type: TYPES.yaml, bytes: Buffer.from(stringify(list)) })),
  fc
    .tuple(rows, fc.constantFrom(',', ';', '\t'))
    .map(([list, separator]) => ({ type: TYPES.csv, bytes: Buffer.from(csvOf(list, separator)) })),
  fc.tuple(row, wildText).map(([fields, body]) => ({
    type: TYPES.md,
    bytes: Buffer.from(`---\n${stringify(fields)}---\n${body}`),
  })),
  fc
    .tuple(row, fc.constantFrom('chara', 'ccv3'))
    .map(([card, keyword]) => ({ type: TYPES.png, bytes: pngOf(card, keyword) })),
)

// What begins or breaks a form of one of the formats.
const odd = fc.oneof(
  fc.constantFrom(
    ...[
      '"',
      '[',
      '{',
      '---\n',
      '&a [*a, *a]\n',
      '<<: *a\n',
      '\t',
      '\r',
      '\0',
      ',,,,',
      'sep=;\n',
      '!!js/function ""\n',
    ],
    ...[
      '\ufeff',
      '%YAML 1.1\n',
      '? ',
      '- '.repeat(70),
      '['.repeat(70),
      '\\u00',
      '"'.repeat(999),
      '\n'.repeat(9_999),
    ],
  ),
  wildText,
)
const oddBytes = fc.oneof(
  { weight: 3, arbitrary: odd.map((text) => Buffer.from(text)) },
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
)

/** A file with something in it that does not belong there, cut off, or in another encoding. */
const broken: fc.Arbitrary<Content> = fc
  .tuple(whole, oddBytes, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(5))
  .map(([{ type, bytes }, given, part, how]) => {
    const at = Math.floor(part * bytes.length)
    if (how === 0) return { type, bytes: bytes.subarray(0, at) }
    if (how === 1) return { type, bytes: Buffer.from(`\ufeff${bytes}`, 'utf16le') }
    const after = bytes.subarray(how === 2 ? at : Math.min(bytes.length, at + given.length))
    return { type, bytes: Buffer.concat([bytes.subarray(0, at), given, after]) }
  })

/** A file of personas, or what is nearly one, or is sent as one of another format. */
export const personasFile: fc.Arbitrary<Content> = fc.oneof(
  { weight: 5, arbitrary: whole },
  { weight: 5, arbitrary: broken },
  fc.tuple(fc.constantFrom(...Object.values(TYPES)), whole).map(([type, { bytes }]) => ({ type, bytes })),
)
