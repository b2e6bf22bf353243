import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { personaNotFound } from '../../src/errors/personas.js'
import { noProvider, noSystemPrompt, notOpenAi } from '../../src/errors/portraits.js'
import { answerCut, answerMalformed, answerWithoutText, limitUsedUp } from '../../src/errors/simulation.js'
import { OPENING } from '../../src/simulation/conversation.js'
import { errorReply, openAiErrors } from '../portraits/images-api.js'
import { busyGauges } from '../support/gauges.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { type ChatApi, type ChatReply, DEFAULT_TEXT, says, startChatApi, turn } from './chat-api.js'

const PROMPT = 'You are an impatient user who values brevity.'

let api: ChatApi
beforeAll(async () => {
  api = await startChatApi()
})
beforeEach(() => api.reset())
afterAll(() => api.close())

describe.each(databases)('simulate on $name', (database) => {
  let service: Running
  beforeAll(async () => {
    const env = {
      OPENAI_BASE_URL: api.url,
      PERSONA_MODELS: 'model-a,model-b',
      CHAT_TIMEOUT_MS: '1000',
      CHAT_RATE_PER_MINUTE: '20',
    }
    service = await startService(database, { env })
  })
  afterAll(async () => {
    expect(await busyGauges(service.url)).toEqual({})
    await service.close()
  })

  async function configure(llmSettings: { provider: string; models?: { persona: string } }) {
    const projectId = newProjectId()
    // Models are remembered by key, so each project has its own.
    const settings = { ...llmSettings, apiKey: `sk-test-0123456789-${projectId}` }
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings: settings })
    return projectId
  }
  async function speaker(models?: { persona: string }) {
    const projectId = await configure({ provider: 'openai', ...(models && { models }) })
    const given = { projectId, name: 'impatient-user', description: 'in a hurry', systemPrompt: PROMPT }
    const { id } = await service.client.personas.create.mutate(given)
    return { projectId, id }
  }

  describe.each(['rest', 'trpc'] as const)('through %s', (way) => {
    const simulate = (input: object) => service[way].call('personas.simulate', { ...input })

    it('has the model speak as the persona, to the agent', async () => {
      const { projectId, id } = await speaker()
      api.reply(turn('1042.'))
      const messages = [
        { role: 'user', content: 'Where is my refund?' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Which' },
            { type: 'text', text: 'order?' },
          ],
        },
      ]
      const scene = { scenario: 'Order 1042', goal: 'A refund', language: 'English' }
      const asked = { temperature: 0.5, seed: 7, maxTokens: 300 }
      const input = { projectId, id: id.slice(0, 8), messages, ...scene, ...asked, maxTurns: 2 }
      const { status, value } = await simulate(input)
      expect(status).toBe(200)
      expect(value).toEqual({
        message: { role: 'user', content: '1042.' },
        done: false,
        reason: 'continue',
        model: 'model-a',
        usage: { inputTokens: 100, outputTokens: 20, totalTokens: 120 },
        persona: { id, version: 1 },
      })
      const [request] = api.requests
      expect(api.requests).toHaveLength(1)
      expect(request?.authorization).toBe(`Bearer sk-test-0123456789-${projectId}`)
      expect(request?.fields).toMatchObject({
        model: 'model-a',
        temperature: 0.5,
        seed: 7,
        max_completion_tokens: 300,
        response_format: { type: 'json_schema' },
      })
      const { value: shown } = await service[way].call('personas.prompt', { projectId, id, ...scene })
      expect(api.lastMessages()).toEqual([
        ['system', shown.system],
        ['user', OPENING],
        ['assistant', 'Where is my refund?'],
        ['user', 'Which\norder?'],
      ])
      for (const part of [PROMPT, 'in a hurry', ...Object.values(scene)]) expect(shown.system).toContain(part)
    })

    it('opens where there are no messages, and leaves unset options out', async () => {
      const { projectId, id } = await speaker()
      const { value } = await simulate({ projectId, id })
      expect(value.message).toEqual({ role: 'user', content: DEFAULT_TEXT })
      expect(api.lastMessages().slice(1)).toEqual([['user', OPENING]])
      expect(Object.keys(api.requests[0]?.fields ?? {})).toEqual(['model', 'messages', 'response_format'])
    })

    it('ends with the reason, and with a last message where there is one', async () => {
      const { projectId, id } = await speaker()
      api.reply(turn('Thanks.', 'goal_reached'), turn('', 'gave_up'))
      expect((await simulate({ projectId, id })).value).toMatchObject({
        message: { role: 'user', content: 'Thanks.' },
        done: true,
        reason: 'goal_reached',
      })
      const { value } = await simulate({ projectId, id })
      expect(value).toMatchObject({ done: true, reason: 'gave_up' })
      expect(value).not.toHaveProperty('message')
    })

    it('says max_turns without a call', async () => {
      const { projectId, id } = await speaker()
      const messages = [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hello' },
      ]
      const { value } = await simulate({ projectId, id, messages, maxTurns: 1 })
      expect(value).toEqual({
        done: true,
        reason: 'max_turns',
        model: 'model-a',
        usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
        persona: { id, version: 1 },
      })
      expect(api.requests).toHaveLength(0)
    })

    it('uses the model of the call, the project’s, or the first that is served', async () => {
      const own = await speaker({ persona: 'model-c' })
      expect((await simulate({ ...own, model: 'model-d' })).value.model).toBe('model-d')
      expect((await simulate(own)).value.model).toBe('model-c')
      const listed = await speaker()
      api.retire('model-a', 'model-d')
      expect((await simulate(listed)).value.model).toBe('model-b')
      expect((await simulate(listed)).value.model).toBe('model-b')
      // That model-a is gone is remembered, for that key.
      expect(api.requests.map(({ fields }) => fields.model)).toEqual([
        'model-d',
        'model-c',
        'model-a',
        'model-b',
        'model-b',
      ])
      expect(await simulate({ ...listed, model: 'model-d' })).toMatchObject({
        status: 503,
        reason: 'provider_misconfigured',
        message: expect.stringContaining('model-d'),
      })
    })

    it('leaves out what the model does not take, and remembers it', async () => {
      const { projectId, id } = await speaker({ persona: 'reasoner-1' })
      for (const tries of [2, 3]) {
        expect((await simulate({ projectId, id, temperature: 0, maxTokens: 9 })).status).toBe(200)
        expect(api.requests).toHaveLength(tries)
      }
      expect(api.requests.at(-1)?.fields).toMatchObject({ max_completion_tokens: 9 })
      expect(api.requests.at(-1)?.fields).not.toHaveProperty('temperature')
    })

    it('speaks with a gateway that knows no schemas, and the older name of the limit', async () => {
      const { projectId, id } = await speaker()
      api.forget('response_format', 'max_completion_tokens')
      api.reply(says('```json\n{"message": "Hi", "done": false, "reason": "continue"}\n```'))
      const { value } = await simulate({ projectId, id, maxTokens: 50 })
      expect(value.message.content).toBe('Hi')
      expect(api.requests.at(-1)?.fields).toMatchObject({ max_tokens: 50 })
      expect(Object.keys(api.requests.at(-1)?.fields ?? {})).toEqual(['model', 'messages', 'max_tokens'])
    })

    const vllm = (message: string) => ({ object: 'error', message, type: 'BadRequestError', code: 400 })
    const detail = [
      { type: 'extra_forbidden', loc: ['body', 'response_format'], msg: 'Extra inputs are not permitted' },
    ]
    it.each<[string, number, object]>([
      ['in words', 400, { error: { message: 'Unrecognized request argument supplied: response_format' } }],
      ['as a value', 400, { error: { message: "'response_format.type' must be 'text' or 'json_object'" } }],
      ['as a type', 400, { error: { message: 'This response_format type is unavailable now' } }],
      ['at the top', 400, vllm("Invalid 'response_format': json_schema is not supported")],
      ['as a text', 400, { error: 'json_schema is not supported' }],
      ['as FastAPI does', 422, { detail }],
    ])('speaks with a gateway that refuses schemas %s', async (_, status, body) => {
      const { projectId, id } = await speaker()
      api.reply({ kind: 'answer', status, body }, turn('Hi'))
      expect(await simulate({ projectId, id })).toMatchObject({ value: { message: { content: 'Hi' } } })
      expect(Object.keys(api.requests.at(-1)?.fields ?? {})).toEqual(['model', 'messages'])
    })

    it('keeps what the model says in the agent’s voice: it is the model’s', async () => {
      const { projectId, id } = await speaker()
      api.reply(turn('How may I help you?'))
      expect((await simulate({ projectId, id })).value.message.content).toBe('How may I help you?')
    })

    const table: [string, ChatReply, object][] = [
      ['a policy block', openAiErrors.contentPolicyViolation, { status: 422 }],
      ['a refusal', says('', { refusal: 'I cannot play that.' }), { status: 422 }],
      ['a filtered answer', says('', { finish: 'content_filter' }), { status: 422 }],
      ['a refused key', openAiErrors.invalidApiKey, { status: 503, reason: 'provider_misconfigured' }],
      ['no quota', openAiErrors.insufficientQuota, { status: 503, reason: 'provider_quota' }],
      ['a rate limit', openAiErrors.rateLimited, { status: 429 }],
      ['overload', openAiErrors.overloaded, { status: 503, reason: 'provider_overloaded' }],
      ['a failure', openAiErrors.serverError, { status: 502 }],
      ['a page', { kind: 'answer', status: 200, body: '<h1>Welcome</h1>' }, { status: 502 }],
      [
        'no choices',
        { kind: 'answer', status: 200, body: {} },
        { status: 502, message: answerWithoutText.text },
      ],
      ['a reset', { kind: 'reset', when: 'before headers' }, { status: 502 }],
      ['a reset within', { kind: 'reset', when: 'in the body' }, { status: 502 }],
      ['a hang', { kind: 'hang', when: 'in the body' }, { status: 504 }],
      ['a limit used up', says('', { finish: 'length' }), { status: 502, message: limitUsedUp.text }],
      [
        'a cut answer',
        says('{"message": "I', { finish: 'length' }),
        { status: 502, message: answerCut.text },
      ],
      ['broken JSON', says('{"message": "I'), { status: 502, message: answerMalformed.text }],
      ['a text', says('Where is it?'), { status: 502, message: answerMalformed.text }],
      [
        'a context too long',
        errorReply(400, {
          message: "This model's maximum context length is 8192 tokens, and your messages are longer.",
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        }),
        { status: 400, message: expect.stringContaining('8192') },
      ],
      [
        'a context too long, by a gateway whose errors have another form',
        {
          kind: 'answer',
          status: 400,
          body: { message: "This model's maximum context length is 8192 tokens.", type: 'BadRequestError' },
        },
        { status: 400, message: expect.stringContaining('8192') },
      ],
    ]
    it.each(table)('tells %s, and tries nothing again', async (_, reply, expected) => {
      const { projectId, id } = await speaker()
      api.reply(reply)
      const outcome = await simulate({ projectId, id })
      expect(outcome).toMatchObject(expected)
      expect(JSON.stringify(outcome)).not.toMatch(/sk-test|impatient/)
      expect(api.requests).toHaveLength(1)
    })

    it('needs a persona with a system prompt, and a provider that speaks OpenAI’s API', async () => {
      const { projectId, id } = await speaker()
      const { id: mute } = await service.client.personas.create.mutate({ projectId, name: 'mute' })
      for (const procedure of ['personas.simulate', 'personas.prompt']) {
        const call = (input: object) => service[way].call(procedure, { projectId, ...input })
        expect(await call({ id: mute })).toMatchObject({ status: 400, message: noSystemPrompt.text })
        expect(await call({ id: '87654321' })).toMatchObject({ status: 404, message: personaNotFound.text })
      }
      await service.client.projects.updateConfig.mutate({ projectId, llmSettings: null })
      expect(await simulate({ projectId, id })).toMatchObject({ status: 400, message: noProvider.text })
      const settings = { provider: 'anthropic', apiKey: 'sk-ant-0123456789' }
      await service.client.projects.updateConfig.mutate({ projectId, llmSettings: settings })
      expect(await simulate({ projectId, id })).toMatchObject({ status: 400, message: notOpenAi.text })
      expect(api.requests).toHaveLength(0)
    })

    const said = (role: unknown, content: unknown) => ({ messages: [{ role, content }] })
    it.each<[string, object, RegExp]>([
      ['a last message of the persona', said('user', 'Hi'), /^messages must end with a message of the agent/],
      ['an unknown role', said('tool', 'Hi'), /^The role of a message must be user .* or assistant/],
      ['a system message', said('system', 'Hi'), /^The role/],
      ['a picture', said('assistant', [{ type: 'image_url', image_url: { url: 'x' } }]), /text/],
      ['no content', said('assistant', ' '), /^The content of a message must not be empty$/],
      [
        'parts that are too long together',
        said('assistant', [
          { type: 'text', text: 'x'.repeat(60_000) },
          { type: 'text', text: 'x'.repeat(40_000) },
        ]),
        /^The content of a message must be at most 100,000 characters$/,
      ],
      ['a number', said('assistant', 5), /^The content of a message must be text, or a list of parts/],
      [
        'too many messages',
        { messages: Array(201).fill({ role: 'assistant', content: 'Hi' }) },
        /^messages must be at most 200$/,
      ],
      ['maxTurns 0', { maxTurns: 0 }, /^maxTurns must be a whole number from 1 to 200$/],
      ['temperature 3', { temperature: 3 }, /^temperature must be a number from 0 to 2$/],
      ['seed 0.5', { seed: 0.5 }, /^seed must be a whole number/],
      ['maxTokens "5"', { maxTokens: '5' }, /^maxTokens must be a whole number/],
      ['a model of two lines', { model: 'a\nb' }, /^model must be/],
      ['null for the goal', { goal: null }, /^goal must be a string$/],
    ])('refuses %s', async (_, input, message) => {
      const { projectId, id } = await speaker()
      const outcome = await simulate({ projectId, id, ...input })
      expect(outcome).toMatchObject({ status: 400, message: expect.stringMatching(message) })
      expect(api.requests).toHaveLength(0)
    })
  })

  it('limits calls per project and minute', async () => {
    const { projectId, id } = await speaker()
    const call = () => service.rest.call('personas.simulate', { projectId, id })
    for (let made = 0; made < 20; made += 1) expect((await call()).status).toBe(200)
    const limited = await call()
    expect(limited).toMatchObject({ status: 429, reason: 'chat_rate' })
    expect(Number(limited.headers?.get('retry-after'))).toBeGreaterThan(0)
    expect(api.requests).toHaveLength(20)
  })

  it('ends the call to the provider when its caller leaves', async () => {
    const { projectId, id } = await speaker()
    api.reply(says('late', { delayMs: 900 }))
    const leaving = new AbortController()
    const path = `/api/projects/${projectId}/personas/${id}/simulate`
    const asked = service.send(path, { method: 'POST', signal: leaving.signal })
    await expect.poll(() => api.requests.length).toBe(1)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await expect.poll(() => api.requests[0]?.hungUp, { timeout: 800 }).toBe(true)
    await expect.poll(() => busyGauges(service.url)).toEqual({})
  })

  it('shows in the metrics', async () => {
    const text = await (await service.send('/metrics')).text()
    expect(text).toMatch(/chat_duration_seconds_count\{use="simulate",outcome="ok"\} [1-9]/)
    expect(text).toMatch(/chat_duration_seconds_count\{use="simulate",outcome="BAD_GATEWAY"\} [1-9]/)
    expect(text).toContain('limit_used{limit="chat_bytes"} 0')
  })
})
