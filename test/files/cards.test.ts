import { describe, expect, it } from 'vitest'
import { readFile } from '../../src/files/formats.js'
import { AI_MADE_XMP, withXmpChunk } from '../../src/images/mark.js'
import { portraitPrompt } from '../../src/portraits/prompt.js'
import { plain } from '../images/pictures.js'
import { newProjectId, type Running } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'
import { cardChunk, chunk, foreignCard, pngWith, tavernCard, textsIn } from './samples.js'

const PNG = 'image/png'
const JSON_TYPE = 'application/json'

interface Project {
  /** Imports a file, and answers its report. */
  bring(file: Buffer | string, type?: string): Promise<any>
  persona(): Promise<any>
  get(path: string): Promise<Response>
  projectId: string
}

function projectOf({ send, client }: Running): Project {
  const projectId = newProjectId()
  const personas = `/api/projects/${projectId}/personas`
  return {
    projectId,
    async bring(file, type = PNG) {
      const body = new Uint8Array(Buffer.from(file as string))
      const response = await send(`${personas}/import`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      })
      return response.json()
    },
    async persona() {
      const [first] = await client.personas.list.query({ projectId })
      return first
    },
    get: (path) => send(`/api/projects/${projectId}${path}`),
  }
}

onEveryStore('character cards', (service) => {
  it('a PNG card of others becomes a persona, and its picture the portrait', async () => {
    const { bring, persona, get } = projectOf(service())
    const png = await pngWith([cardChunk('chara', foreignCard())])
    const { results } = await bring(png)
    const made = await persona()
    expect(made).toMatchObject({
      name: 'Seraphina',
      systemPrompt:
        'Seraphina guards a forest. Seraphina does not trust the assistant.\n\nPersonality: caring\n\nScenario: A glade',
      description: 'Made for a contest',
      tags: ['Forest', 'Fantasy'],
    })
    expect(results[0].action).toBe('created')
    const paths = results[0].issues.map(({ path, severity }: any) => `${severity} ${path}`)
    expect(paths).toEqual(
      ['first_mes', 'mes_example', 'creator', 'character_version', 'systemPrompt', 'tags'].map(
        (path) => `warning ${path}`,
      ),
    )
    const portrait = await get(`/images/${made.imageUrl}`)
    expect(portrait.status).toBe(200)
    expect(Buffer.from(await portrait.arrayBuffer()).includes('chara')).toBe(false)
    expect((await bring(png)).unchanged).toBe(1)
    expect((await persona()).version).toBe(made.version)
  })

  it('ccv3 comes before chara, and V1 has its fields bare', async () => {
    const { bring, persona } = projectOf(service())
    const chunks = [cardChunk('chara', foreignCard()), cardChunk('ccv3', foreignCard({ name: 'Third' }, 3))]
    await bring(await pngWith(chunks))
    expect((await persona()).name).toBe('Third')
    const first = projectOf(service())
    const bare = {
      name: 'Ann',
      description: 'Kind',
      personality: '',
      scenario: '',
      first_mes: 'Hi',
      mes_example: '',
      chat: '2026',
    }
    const { results } = await first.bring(JSON.stringify(bare), JSON_TYPE)
    expect(results[0].issues.map(({ path }: any) => path)).toEqual(['first_mes'])
    expect(await first.persona()).toMatchObject({ name: 'Ann', systemPrompt: 'Kind' })
  })

  it('reads what SillyTavern writes: the same card as V2 and as V3', async () => {
    const { bring, persona } = projectOf(service())
    const description = '{{char}} or <BOT> and {{user}} or <User>: Žofie 🙂'
    const card = tavernCard({ name: 'Žofie 🙂', nickname: 'Z', description, personality: '', scenario: '' })
    const third = { ...card, spec: 'chara_card_v3', spec_version: '3.0' }
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64')
    const chunks = [
      ['chara', base64(card)],
      ['ccv3', base64(third)],
    ].map((parts) => chunk('tEXt', Buffer.from(parts.join('\0'), 'latin1')))
    await bring(await pngWith(chunks))
    expect(await persona()).toMatchObject({
      name: 'Žofie 🙂',
      systemPrompt: 'Z or Z and the assistant or the assistant: Žofie 🙂',
      description: 'Made for a contest',
    })
    const capital = await pngWith([cardChunk('Chara', foreignCard({ name: 'First' }))])
    expect((await bring(capital)).created).toBe(1)
  })

  it('others find in a card of ours the fields of V2 and V3 that must be there', async () => {
    const { projectId, get } = projectOf(service())
    const fields = { name: 'Žofie 🙂', systemPrompt: 'p\n', description: 'n', tags: ['t'] }
    const { id } = await service().client.personas.create.mutate({ projectId, ...fields })
    const png = Buffer.from(await (await get(`/personas/${id}/card`)).arrayBuffer())
    const texts = textsIn(png)
    // Old readers take the first text, whatever it is called.
    expect(texts.map(({ keyword }) => keyword)).toEqual(['chara', 'ccv3'])
    for (const [at, spec] of ['chara_card_v2', 'chara_card_v3'].entries()) {
      const card = JSON.parse(Buffer.from(texts[at]?.text ?? '', 'base64').toString())
      expect(card).toMatchObject({ spec, spec_version: `${at + 2}.0` })
      expect(card.data).toMatchObject({
        name: 'Žofie 🙂',
        description: 'p\n',
        creator_notes: 'n',
        tags: ['t'],
      })
      const empty = Object.entries(foreignCard().data).filter(([name]) => typeof card.data[name] !== 'string')
      expect(empty.map(([name]) => name)).toEqual(['alternate_greetings', 'tags', 'extensions'])
      expect(card.data.alternate_greetings).toEqual([])
      expect(card.data.group_only_greetings).toEqual(at === 0 ? undefined : [])
    }
  })

  it('its notes are not sent to a model, whatever metadata the persona has', async () => {
    const { bring, persona, projectId } = projectOf(service())
    await service().client.personas.create.mutate({
      projectId,
      name: 'Seraphina',
      metadata: { locale: 'en' },
    })
    await bring(JSON.stringify(foreignCard()), JSON_TYPE)
    const made = await persona()
    expect(made.metadata).toEqual({ locale: 'en', descriptionFrom: 'creator_notes' })
    expect(portraitPrompt({ ...made, hasStyleReferences: false })).not.toContain('contest')
    expect(portraitPrompt({ ...made, metadata: { locale: 'en' }, hasStyleReferences: false })).toContain(
      'contest',
    )
  })

  it('a card of our own comes back whole, its portrait and the mark on it included, and without headers', async () => {
    const { projectId, get, bring, persona } = projectOf(service())
    const { client, send } = service()
    const picture = withXmpChunk(await plain(1024, 1024).png().toBuffer(), AI_MADE_XMP)
    const uploaded = await send(`/api/projects/${projectId}/images/file?role=persona-avatar`, {
      method: 'POST',
      headers: { 'content-type': PNG },
      body: new Uint8Array(picture),
    })
    const { id: imageUrl } = (await uploaded.json()) as { id: string }
    const fields = {
      name: 'Müller {{char}}',
      systemPrompt: '{{user}}\n',
      description: '',
      tags: ['a'],
      metadata: { k: 'v' },
    }
    const { id } = await client.personas.create.mutate({
      projectId,
      ...fields,
      headers: { Authorization: 'secret' },
    })
    await client.personas.update.mutate({ projectId, id, imageUrl })
    const card = await get(`/personas/${id}/card`)
    expect(card.headers.get('content-disposition')).toBe(
      `attachment; filename="Mu-ller-char.png"; filename*=UTF-8''M%C3%BCller%20%7B%7Bchar%7D%7D.png`,
    )
    const png = Buffer.from(await card.arrayBuffer())
    expect(png.includes(Buffer.from('secret').toString('base64').slice(0, 6))).toBe(false)
    const other = projectOf(service())
    expect((await other.bring(png)).results[0].issues).toBeUndefined()
    const copy = await other.persona()
    expect(copy).toMatchObject(fields)
    expect(copy).not.toHaveProperty('headers')
    expect((await other.get(`/images/${copy.imageUrl}?size=64`)).status).toBe(200)
    expect((await other.bring(png)).unchanged).toBe(1)
    const again = Buffer.from(await (await other.get(`/personas/${copy.id}/card?format=png`)).arrayBuffer())
    expect((await other.bring(again)).unchanged).toBe(1)
    // The project that it came from has headers too, and they stay.
    await bring(png)
    expect((await persona()).headers).toEqual({ Authorization: 'secret' })
  })

  it('the picture of a persona without a portrait does not become one', async () => {
    const { projectId, get } = projectOf(service())
    const { id } = await service().client.personas.create.mutate({ projectId, name: 'a' })
    const png = Buffer.from(await (await get(`/personas/${id}/card`)).arrayBuffer())
    const other = projectOf(service())
    await other.bring(png)
    expect(await other.persona()).not.toHaveProperty('imageUrl')
    for (const [format, type] of [
      ['json', JSON_TYPE],
      ['md', 'text/markdown'],
    ]) {
      const card = await get(`/personas/${id}/card?format=${format}`)
      expect(card.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
      expect((await other.bring(await card.text(), type)).unchanged).toBe(1)
    }
  })

  it('a picture beyond the limits fails its row, and nothing is stored', async () => {
    const { bring, persona } = projectOf(service())
    const { results } = await bring(
      await pngWith([cardChunk('chara', foreignCard())], { width: 6_000, height: 4_001 }),
    )
    expect(results[0]).toMatchObject({
      action: 'failed',
      issues: [{ path: 'picture' }, {}, {}, {}, {}, {}, {}],
    })
    expect(await persona()).toBeUndefined()
  })

  it('refuses pictures without a card, and what is no card', async () => {
    const { bring } = projectOf(service())
    expect((await bring(await pngWith([]))).message).toContain('holds no character card')
    const broken = await pngWith([chunk('tEXt', Buffer.from('chara\0bm8ganNvbg=='))])
    expect((await bring(broken)).message).toContain('The card in the picture: The file is not valid JSON')
  })
})

describe('a PNG that is not what it says', () => {
  it.each([
    ['is cut off', async () => (await pngWith([])).subarray(0, -20)],
    ['has a chunk beyond its end', async () => (await pngWith([])).fill(0xff, 33, 37)],
    [
      'has too many chunks',
      async () => pngWith(Array.from({ length: 20_001 }, () => chunk('tEXt', Buffer.from('a\0b')))),
    ],
  ])('%s', async (_, make) => {
    await expect(readFile('png', await make())).rejects.toThrow(/cut off|more than 20,000 chunks/)
  })

  it('a compressed chunk is not looked into', async () => {
    const png = await pngWith([
      chunk('zTXt', Buffer.concat([Buffer.from('chara\0\0'), Buffer.alloc(1_000_000)])),
    ])
    await expect(readFile('png', png)).rejects.toThrow('holds no character card')
  })
})
