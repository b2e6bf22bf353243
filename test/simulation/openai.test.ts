import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unauthorized } from '../../src/errors/access.js'
import { versionNotFound } from '../../src/errors/personas.js'
import { noProvider, noSystemPrompt } from '../../src/errors/portraits.js'
import { answerNotJson } from '../../src/errors/provider.js'
import { limitUsedUp, noResponsesApi } from '../../src/errors/simulation.js'
import { NO_ANSWER, OPENING } from '../../src/simulation/conversation.js'
import { openAiErrors } from '../portraits/images-api.js'
import { busyGauges } from '../support/gauges.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { openRaw } from '../support/raw.js'
import { type ChatApi, type ChatReply, DEFAULT_TEXT, says, startChatApi } from './chat-api.js'

const KEY = 'a-key-that-opens-everything'
const OTHER_KEY = 'a-key-that-opens-another-project'
const PROMPT = 'You are an impatient user who values brevity.'

let api: ChatApi
beforeAll(async () => {
  api = await startChatApi()
})
beforeEach(() => api.reset())
afterAll(() => api.close())

describe.each(databases)('a persona as a model on $name', (database) => {
  let service: Running
  beforeAll(async () => {
    const env = {
      OPENAI_BASE_URL: api.url,
      PERSONA_MODELS: 'model-a',
      CHAT_TIMEOUT_MS: '2000',
      API_KEYS: `${KEY},other=${OTHER_KEY}`,
    }
    service = await startService(database, { env, headers: { authorization: `Bearer ${KEY}` } })
  })
  afterAll(async () => {
    await service.close()
  })

  async function project() {
    const projectId = newProjectId()
    const llmSettings = { provider: 'openai', apiKey: `sk-test-0123456789-${projectId}` }
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
    const add = (name: string, systemPrompt: string | null = PROMPT) =>
      service.client.personas.create.mutate({ projectId, name, systemPrompt })
    const base = `/api/projects/${projectId}/openai/v1`
    const client = (apiKey = KEY) => new OpenAI({ apiKey, baseURL: `${service.url}${base}` })
    const post = (body: unknown, path = '/chat/completions') =>
      service.send(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    return { projectId, add, base, client, post }
  }
  const hello = [{ role: 'user' as const, content: 'How can I help?' }]

  it('answers OpenAI’s own SDK, in the persona’s words', async () => {
    const { add, client } = await project()
    const { id } = await add('impatient-user')
    api.reply(says('Money back. Now.'))
    const messages = [
      { role: 'system' as const, content: 'Order 1042; say ###STOP### when it is done.' },
      ...hello,
    ]
    const answer = await client().chat.completions.create({
      model: 'impatient-user',
      messages,
      max_tokens: 9,
    })
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: 'impatient-user',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Money back. Now.' }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
      persona: { id, version: 1 },
    })
    // Not turned round: the caller's side is the persona's already.
    const [system, ...rest] = api.lastMessages()
    expect(rest).toEqual([['user', 'How can I help?']])
    for (const part of [PROMPT, '<scenario>\nOrder 1042; say ###STOP###']) expect(system?.[1]).toContain(part)
    expect(system?.[1]).not.toMatch(/JSON|goal_reached/)
    expect(Object.keys(api.requests[0]?.fields ?? {})).toEqual(['model', 'messages', 'max_completion_tokens'])
  })

  it('streams to it as the provider does, with usage where that is asked for', async () => {
    const { add, client } = await project()
    await add('impatient-user')
    api.reply({ kind: 'streams', pieces: [' ', 'Money ', 'back. ', '###STOP###'], finish: 'stop' })
    const request = { model: 'impatient-user', messages: hello, stream: true as const }
    const stream = await client().chat.completions.create({
      ...request,
      stream_options: { include_usage: true },
    })
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? null)).toEqual([
      '',
      ' Money ',
      'back. ',
      '###STOP###',
      null,
      null,
    ])
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 120 } })
    expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', persona: { version: 1 }, usage: null })
    expect(api.requests[0]?.fields.stream_options).toEqual({ include_usage: true })

    const plain = await client().chat.completions.create(request)
    for await (const chunk of plain) expect(chunk.usage).toBeUndefined()
    expect(api.requests[1]?.fields).not.toHaveProperty('stream_options')
  })

  it('ends a stream with [DONE], and passes each piece on as it comes', async () => {
    const { add, post } = await project()
    await add('a')
    const pieces = ['one ', 'two ', 'three']
    api.reply({ kind: 'streams', pieces, everyMs: 100, finish: 'length' })
    const response = await post({ model: 'a', messages: hello, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const at: number[] = []
    let text = ''
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString()
      at.push(performance.now())
    }
    expect(text).toMatch(/"finish_reason":"length".*\n\ndata: \[DONE\]\n\n$/)
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(150)
  })

  it('is named by its name, its id, or either with its version; an exact name wins', async () => {
    const { add, client } = await project()
    const plain = await add('Müller / Söhne: 🙂')
    const other = await add('Müller / Söhne: 🙂@1')
    const named = async (model: string) => {
      const answer: any = await client().chat.completions.create({ model, messages: hello })
      return answer.persona.id
    }
    expect(await named('Müller / Söhne: 🙂')).toBe(plain.id)
    expect(await named('Mu\u0308ller / Söhne: 🙂')).toBe(plain.id)
    expect(await named('Müller / Söhne: 🙂@1')).toBe(other.id)
    expect(await named('Müller / Söhne: 🙂@1@1')).toBe(other.id)
    expect(await named(plain.id)).toBe(plain.id)
    expect(await named(`${plain.id}@1`)).toBe(plain.id)
    const refused = (model: string) =>
      named(model).then(
        () => expect.fail('it should have failed'),
        (error: APIError) => error,
      )
    for (const model of ['nobody', plain.id.slice(0, 8), 'nobody@1', `${plain.id}@x`]) {
      expect(await refused(model)).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    }
    expect(await refused(`${plain.id}@7`)).toMatchObject({
      status: 404,
      message: `404 ${versionNotFound.text}`,
    })
  })

  it('speaks as a version of its history', async () => {
    const { projectId, add, client } = await project()
    const { id } = await add('a', 'You are calm.')
    await service.client.personas.update.mutate({
      projectId,
      id,
      name: 'b',
      systemPrompt: 'You are furious.',
    })
    for (const [model, version, prompt] of [
      ['b', 2, 'You are furious.'],
      ['b@1', 1, 'You are calm.'],
      [`${id}@1`, 1, 'You are calm.'],
    ] as const) {
      const answer: any = await client().chat.completions.create({ model, messages: hello })
      expect(answer.persona).toEqual({ id, version })
      expect(api.lastMessages()[0]?.[1]).toContain(prompt)
    }
    await expect(client().chat.completions.create({ model: 'a@1', messages: hello })).rejects.toThrow('a@1')
  })

  it('lists names, and finds one', async () => {
    const { add, client } = await project()
    const created = await add('Müller / Sohn')
    await add('b')
    const list = await client().models.list()
    expect(list.data.map(({ id, object }) => [id, object])).toEqual([
      ['Müller / Sohn', 'model'],
      ['b', 'model'],
    ])
    const model = await client().models.retrieve('Müller / Sohn')
    const updated = Math.floor(Date.parse(created.updatedAt) / 1000)
    expect(model).toMatchObject({ id: 'Müller / Sohn', object: 'model', created: updated })
    expect(await client().models.retrieve('Müller / Sohn@1')).toMatchObject({ id: 'Müller / Sohn@1' })
    await expect(client().models.retrieve('c')).rejects.toMatchObject({ status: 404 })
  })

  it.each<[string, [role: string, content: unknown][], [string, string][]]>([
    [
      'system messages alone',
      [
        ['system', 'S'],
        ['developer', 'D'],
      ],
      [['user', OPENING]],
    ],
    [
      'a last message of the persona’s own',
      [
        ['user', 'Hi'],
        ['assistant', 'Hello'],
      ],
      [
        ['user', 'Hi'],
        ['assistant', 'Hello'],
        ['user', NO_ANSWER],
      ],
    ],
    [
      'neighbours of one role',
      [
        ['user', 'a'],
        ['user', 'b'],
      ],
      [['user', 'a\n\nb']],
    ],
    [
      'empty turns',
      [
        ['user', 'a'],
        ['assistant', null],
        ['user', ''],
      ],
      [['user', 'a']],
    ],
    [
      'parts of text',
      [
        [
          'user',
          [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        ],
      ],
      [['user', 'a\nb']],
    ],
  ])('takes %s', async (_, messages, sent) => {
    const { add, post } = await project()
    await add('a')
    const response = await post({
      model: 'a',
      messages: messages.map(([role, content]) => ({ role, content, name: null, cache: 1 })),
      // What clients send without meaning anything by it.
      tools: [],
      functions: null,
      tool_choice: 'auto',
      parallel_tool_calls: true,
      n: 1,
      response_format: { type: 'text' },
      temperature: null,
      stop: [],
      stream: false,
      user: 'x',
      unknown: { a: 1 },
    })
    expect(response.status).toBe(200)
    expect(api.lastMessages().slice(1)).toEqual(sent)
    expect(Object.keys(api.requests[0]?.fields ?? {})).toEqual(['model', 'messages'])
  })

  it('passes options on where the model takes them', async () => {
    const { projectId, add, post } = await project()
    await add('a')
    const options = {
      temperature: 0,
      top_p: 1,
      stop: ['###'],
      seed: -1,
      presence_penalty: 0.1,
      max_tokens: 9,
    }
    await post({ model: 'a', messages: hello, ...options, stop: ['', '###'] })
    const { max_tokens, ...same } = options
    expect(api.requests[0]?.fields).toMatchObject({ ...same, max_completion_tokens: max_tokens })
    const models = { persona: 'reasoner-1' }
    const llmSettings = { provider: 'openai', apiKey: `sk-test-reasoning-${projectId}`, models }
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
    expect((await post({ model: 'a', messages: hello, ...options, stream: true })).status).toBe(200)
    const sent = Object.keys(api.requests.at(-1)?.fields ?? {})
    expect(sent).toEqual(['model', 'messages', 'seed', 'max_completion_tokens', 'stream'])
  })

  const tool = { type: 'function', function: { name: 'f' } }
  it.each<[string, object, string]>([
    ['tools', { tools: [tool] }, 'tools'],
    ['functions', { functions: [{ name: 'f' }] }, 'functions'],
    ['several choices', { n: 2 }, 'n'],
    ['a schema', { response_format: { type: 'json_object' } }, 'response_format.type'],
    ['the role tool', { messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.role'],
    ['no messages', { messages: [] }, 'messages'],
    ['a picture', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages.0.content'],
    ['no model', { model: null }, 'model'],
    ['temperature 3', { temperature: 3 }, 'temperature'],
    ['a stop that is no text', { stop: ['a', '\ud800'] }, 'stop.1'],
    ['a seed beyond exact numbers', { seed: 2 ** 60 }, 'seed'],
    ['a text for a number', { max_tokens: '5' }, 'max_tokens'],
  ])('refuses %s in OpenAI’s form', async (_, over, param) => {
    const { add, post } = await project()
    await add('a')
    const response = await post({ model: 'a', messages: hello, ...over })
    const { error }: any = await response.json()
    expect([response.status, error.type, error.param]).toEqual([400, 'invalid_request_error', param])
    expect(error.message).toMatch(/\w+/)
    expect(api.requests).toHaveLength(0)
  })

  it('fails in OpenAI’s form, whatever is asked for below its path', async () => {
    const { projectId, add, base, client, post } = await project()
    const { id } = await add('mute', null)
    await add('a')
    const failure = async (path: string, init: RequestInit = {}) => {
      const response = await service.send(`${base}${path}`, init)
      const { error }: any = await response.json()
      return { status: response.status, ...error, headers: response.headers }
    }
    const nothing = { status: 404, type: 'invalid_request_error', param: null, code: null }
    expect(await failure('/embeddings', { method: 'POST' })).toMatchObject(nothing)
    expect(await failure('')).toMatchObject(nothing)
    for (const path of [base.replace('openai', '%6Fpen%61i'), '/api/projects//openai/v1']) {
      const response = await service.send(`${path}/nope`)
      expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    }
    const wrongMethod = await failure('/chat/completions')
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST'])
    for (const method of ['POST', 'GET']) {
      const told = { ...nothing, message: noResponsesApi.text }
      expect(await failure('/responses', { method })).toMatchObject(told)
    }
    const unknown = { status: 401, code: 'invalid_api_key', message: unauthorized.text }
    expect(await failure('/models', { headers: { authorization: 'Bearer x' } })).toMatchObject(unknown)
    const others = { headers: { authorization: `Bearer ${OTHER_KEY}` } }
    expect(await failure('/models', others)).toMatchObject({ status: 403, type: 'permission_error' })
    await expect(client('wrong').models.list()).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    const json = { 'content-type': 'application/json' }
    const broken = { method: 'POST', headers: json, body: '{' }
    expect(await failure('/chat/completions', broken)).toMatchObject({ status: 400 })
    expect(await failure('/chat/completions', { method: 'POST', body: 'a' })).toMatchObject({ status: 415 })
    expect(await (await post({ model: id, messages: hello })).json()).toMatchObject({
      error: { message: noSystemPrompt.text },
    })
    const raw = openRaw(service.url, `POST ${base}/chat/completions HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n`)
    expect(JSON.parse((await raw.received).split('\r\n\r\n')[1] ?? '')).toMatchObject({
      error: { type: 'invalid_request_error' },
    })
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings: null })
    expect(await (await post({ model: 'a', messages: hello })).json()).toMatchObject({
      error: { message: noProvider.text },
    })
  })

  it('has SDKs pay once, whatever fails', async () => {
    const { add, client } = await project()
    await add('a')
    for (const [reply, status] of [
      [openAiErrors.serverError, 502],
      [openAiErrors.insufficientQuota, 503],
      [says('', { finish: 'length' }), 502],
      [{ kind: 'hang', when: 'before headers' } as const, 504],
    ] as const) {
      for (const stream of [false, true]) {
        api.requests.length = 0
        api.reply(reply)
        const asked = client().chat.completions.create({ model: 'a', messages: hello, stream })
        const error = await asked.then(
          () => expect.fail('it should have failed'),
          (thrown: APIError) => thrown,
        )
        expect([error.status, error.headers?.get('x-should-retry')]).toEqual([status, 'false'])
        expect(api.requests).toHaveLength(1)
      }
    }
    api.reply(says('', { finish: 'length' }))
    const asked = client().chat.completions.create({ model: 'a', messages: hello })
    await expect(asked).rejects.toThrow(limitUsedUp.text)
  })

  it.each<[string, ChatReply]>([
    ['breaks off', { kind: 'streams', pieces: ['One ', 'two '] }],
    ['is too late', { kind: 'streams', pieces: ['One ', 'two ', 'three'], everyMs: 900, finish: 'stop' }],
  ])('says within a stream that the provider %s', async (_, reply) => {
    const { add, client, post } = await project()
    await add('a')
    api.reply(reply, reply)
    const read = async () => {
      const stream = await client().chat.completions.create({ model: 'a', messages: hello, stream: true })
      for await (const _ of stream);
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
    const text = await (await post({ model: 'a', messages: hello, stream: true })).text()
    const events = text.trim().split('\n\n')
    expect(JSON.parse(events.at(-1)?.slice('data: '.length) ?? '')).toMatchObject({
      error: { type: 'server_error' },
    })
    expect(text).toContain('"One "')
    expect(text).not.toContain('[DONE]')
    await expect.poll(() => busy()).toEqual({})
  })

  it('passes on what a gateway that does not stream says, and tells a page as what it is', async () => {
    const { add, client } = await project()
    await add('a')
    const content = [
      { type: 'text', text: 'Money' },
      { type: 'text', text: ' back\0.' },
    ]
    const usage = { prompt_tokens: 100, completion_tokens: 20 }
    const whole = { choices: [{ message: { content }, finish_reason: 'stop' }], usage }
    api.reply(
      { kind: 'answer', status: 200, body: whole },
      { kind: 'answer', status: 200, body: '<h1>Welcome</h1>' },
    )
    const request = { model: 'a', messages: hello, stream: true as const }
    const stream = await client().chat.completions.create({
      ...request,
      stream_options: { include_usage: true },
    })
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Money back.')
    expect(chunks.at(-1)?.usage).toMatchObject({ total_tokens: 120 })
    await expect(client().chat.completions.create(request)).rejects.toThrow(answerNotJson.text)
    await expect.poll(() => busy()).toEqual({})
  })

  const busy = async () => {
    const text = await (await service.send('/metrics')).text()
    const used = [...text.matchAll(/^limit_used\{limit="chat_bytes"\} (\S+)$/gm)].map(([, value]) =>
      Number(value),
    )
    return used[0] === 0 ? {} : { used }
  }

  it('ends the provider’s stream when the reader leaves, before its first piece and after', async () => {
    const { add, base } = await project()
    await add('a')
    for (const pieces of [['slow'], Array(50).fill('word ')]) {
      api.reset()
      api.reply({ kind: 'streams', pieces, everyMs: pieces.length === 1 ? 1_500 : 40, finish: 'stop' })
      const leaving = new AbortController()
      const asked = service.send(`${base}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'a', messages: hello, stream: true }),
        signal: leaving.signal,
      })
      if (pieces.length === 1) await expect.poll(() => api.requests.length).toBe(1)
      else await (await asked).body?.getReader().read()
      leaving.abort()
      await asked.catch(() => undefined)
      await expect.poll(() => api.requests[0]?.hungUp, { timeout: 1_000 }).toBe(true)
      await expect.poll(() => busy()).toEqual({})
    }
  })
})

it('takes any key where the service has none', async () => {
  const open = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
  const projectId = newProjectId()
  await open.client.personas.create.mutate({ projectId, name: 'a', systemPrompt: PROMPT })
  const llmSettings = { provider: 'openai', apiKey: 'sk-test-of-the-open-one' }
  await open.client.projects.updateConfig.mutate({ projectId, llmSettings })
  const client = new OpenAI({ apiKey: 'any', baseURL: `${open.url}/api/projects/${projectId}/openai/v1` })
  const answer = await client.chat.completions.create({
    model: 'a',
    messages: [{ role: 'user', content: 'Hi' }],
  })
  expect(answer.choices[0]?.message.content).toBe(DEFAULT_TEXT)
  expect(await busyGauges(open.url)).toEqual({})
  await open.close()
})
