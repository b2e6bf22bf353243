import { describe, expect, it } from 'vitest'
import { type FormatName, readFile } from '../../src/files/formats.js'
import { FileFault } from '../../src/files/row.js'

/** Why a file is refused, or how many rows it has. */
async function outcome(format: FormatName, file: string | Buffer): Promise<string | number> {
  try {
    return (await readFile(format, Buffer.from(file as string))).rows.length
  } catch (error) {
    if (!(error instanceof FileFault)) throw error
    return error.message
  }
}

async function values(format: FormatName, file: string | Buffer): Promise<unknown[]> {
  return (await readFile(format, Buffer.from(file as string))).rows.map(({ value }) => value)
}

async function lines(format: FormatName, file: string): Promise<(number | undefined)[]> {
  return (await readFile(format, Buffer.from(file))).rows.map(({ line }) => line)
}

describe('a file that cannot be read is refused with the place', () => {
  it.each<[string, FormatName, string | Buffer, string]>([
    ['an empty file', 'json', '', 'The file is empty'],
    [
      'JSON with a comma too few',
      'json',
      '[{"name":"a"},\n{"name":"b" "x":1}]',
      'valid JSON at line 2, column 13',
    ],
    ['JSON with a comma too many', 'json', '[{"name":"a",}]', 'valid JSON at line 1, column 14'],
    ['JSON that ends early', 'json', '{"personas": [\n  {"name": "a"', 'valid JSON at line 2, column 15'],
    ['JSON with a line break in a text', 'json', '[{"name":"a\nb"}]', 'valid JSON at line 1, column 10'],
    ['JSON with two values', 'json', '[] []', 'valid JSON at line 1, column 4'],
    ['JSON of something else', 'json', '{"personaz":[]}', 'must hold a list of personas'],
    ['a number', 'json', '5', 'must hold a list of personas'],
    ['deep JSON', 'json', '['.repeat(100), 'nested deeper than 64 levels'],
    [
      'JSON of many values',
      'json',
      `[${`[${'1,'.repeat(9_999)}1],`.repeat(71)}[]]`,
      'holds more than 700,000 values',
    ],
    ['JSON with a long text that is not closed', 'json', `["${'a'.repeat(1_000_000)}`, 'line 1, column 2'],
    ['JSON of backslashes', 'json', `["${'\\'.repeat(1_000_001)}"]`, 'line 1, column 2'],
    ['JSON with an escape that is none', 'json', '["a\\\\\\"b\\u12g4"]', 'line 1, column 2'],
    [
      'JSON with an object of many keys',
      'json',
      JSON.stringify([Object.fromEntries(Array.from({ length: 20_001 }, (_, at) => [`k${at}`, 1]))]),
      'a list or an object of more than 20,000 values',
    ],
    ['deep JSON Lines', 'jsonl', `{"name":"a"}\n${'['.repeat(100)}`, 'deeper than 64 levels at line 2'],
    [
      'JSON Lines of many values',
      'jsonl',
      `[${'1,'.repeat(9_999)}1]\n`.repeat(71),
      'at most 700,000 values at line 70',
    ],
    ['JSON Lines with a broken one', 'jsonl', '{"name":"a"}\n\n{"name":}', 'valid JSON at line 3, column 9'],
    [
      'YAML with a tab',
      'yaml',
      '- name: a\n\tdescription: b\n',
      'valid YAML: Unexpected scalar at node end at line 2',
    ],
    [
      'YAML with a key twice',
      'yaml',
      '- name: a\n- name: b\n  name: c\n',
      'key name stands there twice at line 3',
    ],
    ['YAML with an alias of nothing', 'yaml', '- name: *a\n', 'Unresolved alias'],
    ['YAML with a list as a key', 'yaml', '- ? [a]\n  : b\n', 'a key must be text at line 1'],
    ['deep YAML', 'yaml', '['.repeat(400_000), 'nested too deeply at line 1'],
    ['deep YAML in blocks', 'yaml', '- '.repeat(200_000), 'nested too deeply at line 1'],
    [
      'YAML with many keys',
      'yaml',
      Array.from({ length: 60_000 }, (_, at) => `k${at}: a`).join('\n'),
      'longer than any',
    ],
    ['YAML of many documents', 'yaml', '---\n'.repeat(10_001), 'at most 5,000 personas at line 10001'],
    ['YAML of line breaks', 'yaml', '\n'.repeat(9_000_000), 'longer than any persona'],
    ['YAML of comments', 'yaml', '# nothing\n', 'The file is empty'],
    [
      'CSV with a quote that never closes',
      'csv',
      'name,description\na,b\nc,"d\ne,f\n',
      'never closed, in cell 2 at line 3',
    ],
    ['CSV with a quote within a cell', 'csv', 'name\na "b" c\n', 'a quote stands within a cell'],
    [
      'CSV with text behind a quote',
      'csv',
      'name\n"a" b\n',
      'a closing quote is followed by text, in cell 1 at line 2',
    ],
    [
      'CSV with a cell too many',
      'csv',
      'name,tags\n\n"x\ny",b\na,b,c\n',
      'it has 3 cells for 2 columns; a text',
    ],
    ['CSV with a column twice', 'csv', 'name,name\n', 'column name stands there twice at line 1'],
    ['CSV with a row of a million cells', 'csv', `name\n"a\n,"${','.repeat(1_000_000)}`, 'columns at line 3'],
    ['CSV of a million columns', 'csv', ','.repeat(1_000_000), 'it has more than 20,000 columns at line 1'],
    ['CSV of 1,001 columns', 'csv', ','.repeat(1_000), 'it has more than 1,000 columns at line 1'],
    [
      'CSV in Latin-1',
      'csv',
      Buffer.from('name\ncaf\xe9\n', 'latin1'),
      'save it as UTF-8. It is wrong at line 2, column 4',
    ],
    ['Markdown without front matter', 'md', '# A persona\n', 'must begin with front matter'],
    ['Markdown whose front matter is not closed', 'md', '---\nname: a\n', 'is not closed with ---'],
    ['Markdown with broken front matter', 'md', '---\nname: a\ntags: [b\n---\n', 'valid YAML'],
    ['Markdown with two prompts', 'md', '---\nname: a\nsystemPrompt: b\n---\nc', 'one of them must go'],
    ['what is no picture', 'png', 'name', 'is not a PNG picture'],
    ['5,001 rows', 'jsonl', '{"name":"a"}\n'.repeat(5_001), 'at most 5,000 personas at line 5001'],
    ['5,001 rows of CSV', 'csv', `name\n${'a\n'.repeat(5_001)}`, 'at most 5,000 personas at line 5002'],
    ['5,001 rows of YAML', 'yaml', '- name: a\n'.repeat(5_001), 'at most 5,000 personas at line 5001'],
  ])('%s', async (_, format, file, fault) => {
    expect(await outcome(format, file)).toContain(fault)
  })

  it('anchors that grow with each other', async () => {
    const bomb = [
      '- &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, at) => `- &a${at + 1} [*a${at}, *a${at}]`),
    ]
    expect(await outcome('yaml', bomb.join('\n'))).toContain('Excessive alias count')
  })
})

describe('a file is read as its author meant it', () => {
  it('YAML: numbers, dates and words are text, and null is null', async () => {
    const file =
      '- name: no\n  description: 1.10\n  systemPrompt: 2026-01-28\n  tags: [on, 0x1f]\n  metadata: ~\n'
    expect(await values('yaml', file)).toEqual([
      { name: 'no', description: '1.10', systemPrompt: '2026-01-28', tags: ['on', '0x1f'], metadata: null },
    ])
  })

  it('YAML: all the headers and metadata that a persona can have, on a line', async () => {
    const pairs = Array.from({ length: 64 }, (_, at) => [`X-${at}`, 'a'])
    const flow = pairs.map(([name, value]) => `${name}: ${value}`).join(', ')
    expect(await values('yaml', `- {name: a, headers: {${flow}}}\n`)).toEqual([
      { name: 'a', headers: Object.fromEntries(pairs) },
    ])
  })

  it('YAML: documents, anchors and merges', async () => {
    const one = { name: 'a', headers: { 'X-A': 'b' } }
    expect(await values('yaml', '---\nname: a\n---\nname: b\n')).toEqual([{ name: 'a' }, { name: 'b' }])
    const merged = 'personas:\n  - &a\n    name: a\n    headers: {X-A: b}\n  - <<: *a\n    name: c\n'
    expect(await values('yaml', merged)).toEqual([one, { ...one, name: 'c' }])
  })

  it('YAML: a large list is the same as a small one, with its lines', async () => {
    const item = (at: number) =>
      `  - name: p${at}\n    systemPrompt: |\n      - name: not one\n      - p${at}\n\n`
    const count = 4_000
    const file = `# Personas\npersonas:\n${Array.from({ length: count }, (_, at) => item(at)).join('')}`
    const read = await values('yaml', file.padEnd(600_000, ' '))
    expect(read).toHaveLength(count)
    expect(read[999]).toEqual({ name: 'p999', systemPrompt: '- name: not one\n- p999\n' })
    expect((await lines('yaml', file))[999]).toBe(3 + 999 * 5)
    expect(await outcome('yaml', `${file}  - name: [`.padEnd(600_000, ' '))).toContain(
      `line ${3 + count * 5}`,
    )
  })

  it('CSV: separators, byte order marks, UTF-16, line breaks in cells, short and empty rows', async () => {
    const wanted = [{ name: 'a', description: 'b;c\r\nd' }, { name: 'ü' }]
    const file = '\ufeffname;description;tags\r\na;"b;c\r\nd"\r\n;;\r\n\r\nü;;;;\r\n'
    expect(await values('csv', file)).toEqual(wanted)
    expect(await values('csv', Buffer.from(file, 'utf16le'))).toEqual(wanted)
    expect(await lines('csv', file)).toEqual([2, 6])
    expect(await values('csv', 'sep=;\nname;tags\na;b,c\n')).toEqual([{ name: 'a', tags: ['b', 'c'] }])
    expect(await values('csv', 'name\ttags\na\tb\n')).toEqual([{ name: 'a', tags: ['b'] }])
  })

  it('CSV: maps as JSON or as columns, and what a spreadsheet would run', async () => {
    const file = `name,headers,metadata.a.b,metadata.c,description\na,"{""X-A"":""b""}",1,,'=1+1\n`
    expect(await values('csv', file)).toEqual([
      { name: 'a', headers: { 'X-A': 'b' }, metadata: { 'a.b': '1' }, description: '=1+1' },
    ])
  })

  it('JSON: lists, objects, one persona, and the lines of each', async () => {
    expect(await lines('json', '{"v": [1],\n"personas": [\n{"name":"[a"},\n\n{"name":"b"}]}')).toEqual([
      undefined,
      undefined,
    ])
    expect(await lines('json', '{"personas": [\n{"name":"[a"},\n\n{"name":"b"}]}')).toEqual([2, 4])
    expect(await lines('json', '[\n{"name":"[a,"},\n\n{"name":"b"}]')).toEqual([2, 4])
    expect(await values('json', '{"name":"a"}')).toEqual([{ name: 'a' }])
  })

  it('Markdown: what follows the front matter is the prompt, to the last newline', async () => {
    expect(await values('md', '---\r\nname: a\r\n---\r\nb\r\n\r\n')).toEqual([
      { name: 'a', systemPrompt: 'b\r\n\r\n' },
    ])
    expect(await values('md', '---\nname: a\n---\n')).toEqual([{ name: 'a' }])
  })
})
