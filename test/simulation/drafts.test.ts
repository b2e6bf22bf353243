import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noProvider } from '../../src/errors/portraits.js'
import { answerMalformed } from '../../src/errors/simulation.js'
import { openAiErrors } from '../portraits/images-api.js'
import { busyGauges } from '../support/gauges.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { type ChatApi, says, startChatApi } from './chat-api.js'

const axes = [
  { name: 'patience', values: ['none', 'some'] },
  { name: 'experience', values: ['first order', 'orders every week'] },
]
const TEXTS = [
  'You ordered a lamp five days ago. Its number is 1042. You write in short bursts and curse when asked twice.',
  'Your grandson set up this account. You wait for a walker and worry about whether the courier will ring.',
  'You sell candles. Forty boxes are stuck at a depot near Leeds, and your stall opens on Saturday morning.',
  'You moved last week; everything still goes to the old flat, whose new tenant does not answer the door.',
]

let api: ChatApi
beforeAll(async () => {
  api = await startChatApi()
})
beforeEach(() => api.reset())
afterAll(() => api.close())

/** What the model says to combinations 1, 2, …; a draft may say otherwise. */
function drafts(...given: object[]) {
  const all = given.map((over, at) => ({
    combination: at + 1,
    name: `draft ${at + 1}`,
    description: `The ${at + 1}.`,
    systemPrompt: TEXTS[at],
    ...over,
  }))
  return says(JSON.stringify({ drafts: all }))
}

describe.each(databases)('drafts on $name', (database) => {
  let service: Running
  beforeAll(async () => {
    const env = { OPENAI_BASE_URL: api.url, PERSONA_MODELS: 'model-a', CHAT_TIMEOUT_MS: '1000' }
    service = await startService(database, { env })
  })
  afterAll(async () => {
    expect(await busyGauges(service.url)).toEqual({})
    await service.close()
  })

  describe.each(['rest', 'trpc'] as const)('through %s', (way) => {
    async function asked(more: object = {}) {
      const projectId = newProjectId()
      const llmSettings = { provider: 'openai', apiKey: `sk-test-0123456789-${projectId}` }
      await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
      const input = { projectId, brief: 'Customers with a late parcel.', axes, count: 4, seed: 7, ...more }
      const generate = (over: object = {}) => service[way].call('personas.generate', { ...input, ...over })
      return { projectId, generate }
    }
    const lastUser = () => api.lastMessages().at(-1)?.[1] ?? ''

    it('cover the combinations that the seed chose, and can be created as they are', async () => {
      const { projectId, generate } = await asked({ language: 'Dutch' })
      api.reply(drafts({}, {}, {}, {}))
      const { status, value } = await generate()
      expect(status).toBe(200)
      expect(value).toMatchObject({
        axes,
        seed: 7,
        dropped: 0,
        model: 'model-a',
        usage: { totalTokens: 120 },
      })
      const pairs = value.drafts.map(({ metadata }: any) => `${metadata.patience}, ${metadata.experience}`)
      expect(new Set(pairs).size).toBe(4)
      // The model was told them, by their numbers.
      for (const [at, pair] of pairs.entries()) {
        const [patience, experience] = pair.split(', ')
        expect(lastUser()).toContain(`${at + 1}. patience: ${patience}; experience: ${experience}`)
      }
      expect(api.lastMessages()[0]?.[1]).toContain('Dutch')
      // Nothing is stored; what import and create take is what came.
      expect(await service.client.personas.list.query({ projectId })).toEqual([])
      for (const draft of value.drafts) await service.client.personas.create.mutate({ projectId, ...draft })
    })

    it('have axes of the model where none are given', async () => {
      const { generate } = await asked({ axes: undefined, count: 2, seed: undefined })
      const [patience = axes[0]] = axes
      const said = [{ ...patience, values: ['none', 'some ', 'none'] }, ...axes.slice(1), patience]
      api.reply(says(JSON.stringify({ axes: said })), drafts({}, {}))
      const { value } = await generate()
      expect(value).toMatchObject({ axes, dropped: 0, usage: { totalTokens: 240 } })
      expect(value.seed).toBeGreaterThanOrEqual(0)
      expect(value.drafts).toHaveLength(2)
      expect(api.requests).toHaveLength(2)
    })

    it('that resemble another or are not to be created are asked for again once, and then left out', async () => {
      const { projectId, generate } = await asked()
      await service.client.personas.create.mutate({ projectId, name: 'taken' })
      api.reply(
        drafts({}, { name: 'DRAFT 1' }, { systemPrompt: `${TEXTS[0]} And so on.` }, { name: 'taken' }),
        drafts({ combination: 2, name: 'new', systemPrompt: TEXTS[1] }, { combination: 3, name: '' }, {}),
      )
      const { value } = await generate()
      expect(value.drafts.map(({ name }: any) => name)).toEqual(['draft 1', 'new', 'draft 3'])
      expect(value.dropped).toBe(1)
      expect(api.requests).toHaveLength(2)
      expect(lastUser()).not.toMatch(/^1\. /m)
      expect(lastUser()).toMatch(/^2\. .*\n3\. .*\n4\. /m)
      expect(lastUser()).toMatch(/^Names that are taken: taken, draft 1$/m)
    })

    it('are told as failed where the model or the provider fails', async () => {
      const { projectId, generate } = await asked()
      api.reply(says('Here they are!'), says('{"drafts": 5}'), openAiErrors.insufficientQuota)
      expect(await generate()).toMatchObject({ status: 502, message: answerMalformed.text })
      expect(await generate()).toMatchObject({ status: 502, message: answerMalformed.text })
      expect(await generate()).toMatchObject({ status: 503, reason: 'provider_quota' })
      expect(api.requests).toHaveLength(3)
      await service.client.projects.updateConfig.mutate({ projectId, llmSettings: null })
      expect(await generate()).toMatchObject({ status: 400, message: noProvider.text })
    })

    it('that were paid for are kept where the second call fails', async () => {
      const { generate } = await asked()
      api.reply(drafts({}, {}, {}, { name: 'draft 1' }), openAiErrors.insufficientQuota)
      const { status, value } = await generate()
      expect(status).toBe(200)
      expect(value).toMatchObject({ dropped: 1, usage: { totalTokens: 120 } })
      expect(value.drafts).toHaveLength(3)
      api.reply(drafts(), openAiErrors.insufficientQuota)
      expect(await generate()).toMatchObject({ status: 503, reason: 'provider_quota' })
    })

    it.each<[string, object, RegExp]>([
      ['count 0', { count: 0 }, /^count must be a whole number from 1 to 20$/],
      ['count 21', { count: 21 }, /^count/],
      ['an empty brief', { brief: ' ' }, /^brief must not be empty$/],
      ['no axes', { axes: [] }, /^axes must be 1 to 6/],
      ['an axis of one value', { axes: [{ name: 'a', values: ['b'] }] }, /^axes must be/],
      [
        'a value twice',
        { axes: [{ name: 'a', values: ['b', ' b'] }] },
        /^A value of an axis must not be there/,
      ],
      [
        'an axis twice',
        {
          axes: [
            { name: 'a', values: ['b', 'c'] },
            { name: 'a ', values: ['d', 'e'] },
          ],
        },
        /^The name of an axis must not be there twice$/,
      ],
      ['an axis without a name', { axes: [{ name: '', values: ['b', 'c'] }] }, /^The name of an axis/],
    ])('refuse %s', async (_, over, message) => {
      const { generate } = await asked()
      expect(await generate(over)).toMatchObject({ status: 400, message: expect.stringMatching(message) })
      expect(api.requests).toHaveLength(0)
    })
  })
})
