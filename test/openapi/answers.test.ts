import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noProvider, noSystemPrompt } from '../../src/errors/portraits.js'
import { unexpected } from '../../src/errors/requests.js'
import { databaseUnavailable } from '../../src/errors/store.js'
import { openSqliteStore } from '../../src/store/sqlite/sqlite.js'
import type { Store } from '../../src/store/store.js'
import { plain } from '../images/pictures.js'
import { type ImagesApi, openAiErrors, startImagesApi } from '../portraits/images-api.js'
import { says, startChatApi } from '../simulation/chat-api.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { openRaw } from '../support/raw.js'
import { declared } from './document.js'
import { hold, seen, shown } from './walk.js'

const KEY = 'a-key-that-opens-everything'
const OTHER_KEY = 'a-key-that-opens-another-project'
const LONG = 'x'.repeat(17 * 1024)

let api: ImagesApi
let service: Running
/** One without keys. */
let open: Running
const running: Running[] = []

async function start(...args: Parameters<typeof startService>): Promise<Running> {
  const started = await startService(...args)
  running.push(started)
  return started
}

beforeAll(async () => {
  api = await startImagesApi()
  const env = {
    OPENAI_BASE_URL: api.url,
    IMAGE_TIMEOUT_MS: '1000',
    IMAGE_RATE_PER_MINUTE: '7',
    API_KEYS: `${KEY},other=${OTHER_KEY}`,
  }
  service = await start(undefined, { env, headers: { authorization: `Bearer ${KEY}` } })
  open = await start()
})
afterAll(async () => {
  for (const each of running) await each.close()
  await api.close()
})

interface Call {
  body?: unknown
  headers?: Record<string, string>
}

/** Sends a request, holds its answer to the document, and answers status, headers and body. */
async function call(method: string, target: string, { body, headers = {} }: Call = {}) {
  const init: RequestInit = { method, headers }
  if (body instanceof Uint8Array) init.body = new Uint8Array(body)
  else if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { 'content-type': 'application/json', ...headers }
  }
  const response = await service.send(target, init)
  const value = await hold(method, target, response)
  return { status: response.status, headers: response.headers, value }
}

async function statusOf(...args: Parameters<typeof call>): Promise<number> {
  return (await call(...args)).status
}

async function newPersona(more: object = {}) {
  const personas = `/api/projects/${newProjectId()}/personas`
  const created = await call('POST', personas, { body: { name: 'a', ...more } })
  return { personas, persona: `${personas}/${created.value.id}`, etag: created.headers.get('etag') ?? '' }
}

describe('answers are as documented', () => {
  it('of personas', async () => {
    const { personas, persona, etag } = await newPersona({
      headers: { 'X-A': 'b' },
      systemPrompt: 'You are brief.',
      tags: ['Billing', 'late'],
    })
    expect(await statusOf('POST', personas, { body: { name: 'a' } })).toBe(409)
    expect(await statusOf('POST', personas, { body: { name: 'b', description: null } })).toBe(201)
    expect(await statusOf('POST', personas, { body: {} })).toBe(400)
    expect((await call('GET', personas)).value).toHaveLength(2)
    const page = await call('GET', `${personas}?limit=1`)
    expect(page.headers.get('link')).toContain(`cursor=${page.headers.get('x-next-cursor')}`)
    expect(await statusOf('GET', `${personas}?limit=abc`)).toBe(400)
    const found = await call('GET', `${personas}?tag=billing&q=a&sort=-name`)
    expect(found.value).toHaveLength(1)
    expect((await call('GET', personas.replace('/personas', '/tags'))).value).toHaveLength(2)
    expect(await statusOf('GET', persona)).toBe(200)
    expect(await statusOf('GET', persona, { headers: { 'if-none-match': etag } })).toBe(304)
    expect(await statusOf('GET', `${personas}/87654321`)).toBe(404)
    expect(await statusOf('PUT', persona, { body: { description: 'c', imageUrl: 'd.png' } })).toBe(200)
    expect(await statusOf('PUT', persona, { body: { name: 'b' } })).toBe(409)
    expect(await statusOf('PUT', persona, { body: { name: 'e' }, headers: { 'if-match': etag } })).toBe(412)
    expect(await statusOf('PUT', `${personas}/87654321`, { body: {} })).toBe(404)
    expect((await call('GET', `${persona}/versions`)).value).toHaveLength(2)
    expect((await call('GET', `${persona}/versions?limit=1`)).headers.get('link')).toMatch(/rel="next"/)
    expect(await statusOf('GET', `${persona}/versions?limit=0`)).toBe(400)
    expect(await statusOf('GET', `${personas}/87654321/versions`)).toBe(404)
    expect((await call('GET', `${persona}?version=1`)).headers.get('etag')).toBe(etag)
    expect(await statusOf('GET', `${persona}?version=0`)).toBe(400)
    expect(await statusOf('GET', `${persona}?version=999`)).toBe(404)
    const revert = (version: number, headers = {}) =>
      statusOf('POST', `${persona}/revert`, { body: { version }, headers })
    expect(await revert(1, { 'if-match': etag })).toBe(412)
    expect(await revert(0)).toBe(400)
    expect(await revert(999)).toBe(404)
    expect(await statusOf('PUT', persona, { body: { name: 'f' } })).toBe(200)
    expect(await statusOf('POST', personas, { body: { name: 'a' } })).toBe(201)
    expect(await revert(1)).toBe(409)
    expect(await statusOf('PUT', persona, { body: { systemPrompt: null } })).toBe(200)
    expect(await revert(3)).toBe(200)
    const merge = { body: { headers: { 'x-a': 'c', 'X-B': 'd' } } }
    expect((await call('POST', `${persona}/merge-headers`, merge)).value).toEqual({
      headers: { 'X-A': 'b', 'X-B': 'd' },
    })
    expect(await statusOf('POST', `${personas}/87654321/merge-headers`, merge)).toBe(404)
    expect(await statusOf('POST', `${persona}/merge-headers`, { body: { headers: { é: '' } } })).toBe(400)
    expect(await statusOf('DELETE', persona, { headers: { 'if-match': etag } })).toBe(412)
    expect(await statusOf('DELETE', persona)).toBe(204)
    expect(await statusOf('DELETE', persona)).toBe(404)
  })

  it('of files', async () => {
    const { personas, persona } = await newPersona({ systemPrompt: 'You are brief.', tags: ['x'] })
    const report = await call('POST', `${personas}/import?dryRun=true`, {
      body: [{ name: 'a' }, { name: 'b', c: 1 }, {}],
    })
    expect(report.value).toMatchObject({ dryRun: true, created: 1, unchanged: 1, failed: 1 })
    const gone = await call('POST', `${personas}/import?dryRun=true&prune=true`, { body: [] })
    expect(gone.value).toMatchObject({ deleted: 1 })
    expect(await statusOf('POST', `${personas}/import?mode=replace`, { body: [] })).toBe(400)
    for (const format of ['json', 'jsonl', 'yaml', 'csv']) {
      expect(await statusOf('GET', `${personas}/export?format=${format}&tag=X`)).toBe(200)
    }
    expect(await statusOf('GET', `${personas}/export?format=xlsx`)).toBe(400)
    for (const format of ['png', 'json', 'md']) {
      expect(await statusOf('GET', `${persona}/card?format=${format}`)).toBe(200)
    }
    expect(await statusOf('GET', `${persona}/card?format=webp`)).toBe(400)
    expect(await statusOf('GET', `${personas}/87654321/card`)).toBe(404)
  })

  it('of projects', async () => {
    const project = await call('POST', '/api/projects', { body: { name: 'a' } })
    expect(await statusOf('POST', '/api/projects', { body: { name: 5 } })).toBe(400)
    const other = { authorization: `Bearer ${OTHER_KEY}` }
    expect(await statusOf('POST', '/api/projects', { body: { name: 'a' }, headers: other })).toBe(403)
    expect((await call('GET', '/api/projects')).value).toContainEqual(project.value)
    const path = `/api/projects/${project.value.id}`
    const llmSettings = { provider: 'openai', models: { image: 'm' } }
    expect(await statusOf('PUT', `${path}/config`, { body: { llmSettings } })).toBe(400)
    const settings = { ...llmSettings, apiKey: 'sk-test-secret' }
    expect(await statusOf('PUT', `${path}/config`, { body: { llmSettings: settings } })).toBe(200)
    expect((await call('GET', `${path}/config`)).value.llmSettings.models).toEqual({ image: 'm' })
    expect(await statusOf('DELETE', path)).toBe(204)
    expect(await statusOf('DELETE', path)).toBe(404)
  })

  it('of images', async () => {
    const images = `/api/projects/${newProjectId()}/images`
    const picture = await plain(64, 64).png().toBuffer()
    const body = { imageBase64: picture.toString('base64'), role: 'upload', filename: 'a.png' }
    const uploaded = await call('POST', images, { body })
    const raw = { body: picture, headers: { 'content-type': 'image/png' } }
    expect(await statusOf('POST', `${images}/file?role=upload`, raw)).toBe(201)
    expect(await statusOf('POST', `${images}/file`, raw)).toBe(400)
    expect(await statusOf('POST', images, raw)).toBe(415)
    expect((await call('GET', `${images}?role=upload`)).value.ids).toHaveLength(2)
    expect(await statusOf('GET', `${images}?role=none`)).toBe(400)
    const image = `${images}/${uploaded.value.id}`
    const served = await call('GET', image)
    expect(served.headers.get('content-type')).toBe('image/png')
    for (const format of ['png', 'jpeg', 'webp']) {
      const variant = await call('GET', `${image}?size=64&format=${format}`)
      expect(variant.headers.get('content-type')).toBe(`image/${format}`)
    }
    const etag = served.headers.get('etag') ?? ''
    expect(await statusOf('GET', image, { headers: { 'if-none-match': etag } })).toBe(304)
    expect(await statusOf('GET', `${image}?size=65`)).toBe(400)
    expect(await statusOf('DELETE', image)).toBe(204)
    expect(await statusOf('DELETE', image)).toBe(404)
    expect(await statusOf('GET', image)).toBe(404)
  })

  it('of portraits', async () => {
    const { personas, persona } = await newPersona()
    const generate = (path = persona) => call('POST', `${path}/generate-image`)
    expect((await generate()).value.message).toBe(noSystemPrompt.text)
    await call('PUT', persona, { body: { systemPrompt: 'You are brief.' } })
    expect((await generate()).value.message).toBe(noProvider.text)
    const llmSettings = { provider: 'openai', apiKey: 'sk-test-secret' }
    await call('PUT', personas.replace('personas', 'config'), { body: { llmSettings } })
    expect((await generate()).status).toBe(200)
    expect((await generate(`${personas}/87654321`)).status).toBe(404)
    api.reply(openAiErrors.moderationBlocked, openAiErrors.rateLimited, openAiErrors.serverError)
    expect((await generate()).status).toBe(422)
    expect((await generate()).headers.has('retry-after')).toBe(true)
    expect((await generate()).status).toBe(502)
    api.reply(openAiErrors.insufficientQuota, { kind: 'hang', when: 'before headers' })
    expect((await generate()).value.reason).toBe('provider_quota')
    expect((await generate()).status).toBe(504)
    await generate()
    expect((await generate()).value.reason).toBe('portrait_rate')
  })

  it('of simulations', async () => {
    const chat = await startChatApi()
    const env = { OPENAI_BASE_URL: chat.url, CHAT_TIMEOUT_MS: '1000', CHAT_RATE_PER_MINUTE: '20' }
    const speaking = await start(undefined, { env })
    const send = async (method: string, target: string, body?: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await speaking.send(target, {
        method,
        ...(body && { body: JSON.stringify(body), headers }),
      })
      const value = await hold(method, target, response)
      return { status: response.status, value }
    }
    const project = `/api/projects/${newProjectId()}`
    const llmSettings = { provider: 'openai', apiKey: 'sk-test-secret' }
    await send('PUT', `${project}/config`, { llmSettings })
    const { id } = (await send('POST', `${project}/personas`, { name: 'a', systemPrompt: 'Be brief.' })).value
    const { id: mute } = (await send('POST', `${project}/personas`, { name: 'b' })).value
    const prompt = async (of: string) => (await send('GET', `${project}/personas/${of}/prompt?goal=x`)).status
    expect([await prompt(id), await prompt(mute), await prompt('87654321')]).toEqual([200, 400, 404])

    const simulate = async (body: object = {}, of = id) =>
      (await send('POST', `${project}/personas/${of}/simulate`, body)).status
    chat.reply(
      says('{"message": "", "done": true, "reason": "gave_up"}'),
      says('', { refusal: 'No.' }),
      says('no JSON'),
      openAiErrors.insufficientQuota,
      { kind: 'hang', when: 'before headers' },
    )
    const statuses: number[] = []
    for (let made = 0; made < 5; made += 1) statuses.push(await simulate())
    expect(statuses).toEqual([200, 422, 502, 503, 504])
    expect(await simulate()).toBe(200)
    expect(await simulate({ maxTurns: 1, messages: [{ role: 'assistant', content: 'Hi' }] })).toBe(200)
    expect(await simulate({ maxTurns: 0 })).toBe(400)
    expect(await simulate({}, '87654321')).toBe(404)
    expect(await simulate()).toBe(200)

    const generate = async (body: object = {}) =>
      (await send('POST', `${project}/personas/generate`, { brief: 'Customers', count: 1, ...body })).status
    const axes = [{ name: 'mood', values: ['good', 'bad'] }]
    const draft = { combination: 1, name: 'c', description: 'd', systemPrompt: 'Be polite to the agent.' }
    chat.reply(
      says(JSON.stringify({ axes })),
      says(JSON.stringify({ drafts: [draft] })),
      says('', { refusal: 'No.' }),
      says('no JSON'),
      openAiErrors.insufficientQuota,
      { kind: 'hang', when: 'before headers' },
    )
    const drafted: number[] = []
    for (const body of [{}, { axes }, { axes }, { axes }, { axes }]) drafted.push(await generate(body))
    expect(drafted).toEqual([200, 422, 502, 503, 504])
    expect(await generate({ count: 0 })).toBe(400)

    const models = `${project}/openai/v1/models`
    expect((await send('GET', models)).value.data).toHaveLength(2)
    const found = async (model: string) => (await send('GET', `${models}/${model}`)).status
    expect([await found('a'), await found('c')]).toEqual([200, 404])
    const messages = [{ role: 'user', content: 'How can I help?' }]
    const chatWith = async (more: object = {}) =>
      (await send('POST', `${project}/openai/v1/chat/completions`, { model: 'a', messages, ...more })).status
    chat.reply(says('Hello'), says('', { refusal: 'No.' }), says(''), openAiErrors.insufficientQuota, {
      kind: 'hang',
      when: 'before headers',
    })
    const spoken: number[] = []
    for (let made = 0; made < 5; made += 1) spoken.push(await chatWith())
    expect(spoken).toEqual([200, 422, 502, 503, 504])
    expect(await chatWith({ stream: true, stream_options: { include_usage: true } })).toBe(200)
    expect([await chatWith({ model: 'b' }), await chatWith({ model: 'c' })]).toEqual([400, 404])
    for (let status = 0; status !== 429; ) status = await simulate()
    expect([await generate(), await chatWith()]).toEqual([429, 429])
    await chat.close()
  })

  it('of the service itself', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
      expect(await statusOf('GET', path)).toBe(200)
    }
  })
})

/** The operations that know a status, each with a request as the document shows it. */
function knowing(status: number) {
  return declared
    .filter(({ operation }) => String(status) in operation.responses)
    .map((each) => ({ ...each, ...shown(each) }))
}

const isOpenAi = (target: string) => target.includes('/openai/v1/')

function storeThatFails(error: () => Error) {
  return {
    name: 'a store that fails',
    open: async (dataDir: string): Promise<Store> => {
      const store = openSqliteStore(dataDir)
      const fail = async () => {
        throw error()
      }
      return new Proxy(store, {
        get: (target, name: keyof Store) => {
          if (name === 'close') return () => target.close()
          return typeof target[name] === 'function' ? fail : target[name]
        },
      })
    },
  }
}

describe('error responses are as documented', () => {
  it.each(knowing(401))('401 of $id', async ({ method, target, init }) => {
    const { headers, ...rest } = { headers: {}, ...init }
    const response = await service.send(target, {
      method,
      ...rest,
      headers: { ...headers, authorization: '' },
    })
    await hold(method, target, response)
    expect(response.status).toBe(401)
  })

  it.each(knowing(403))('403 of $id', async ({ method, target, init }) => {
    const given = 'headers' in init ? init.headers : {}
    // A page of another origin, where no keys are set.
    const headers = { ...given, origin: 'https://elsewhere.example' }
    const foreign = await open.send(target, { method, ...init, headers })
    await hold(method, target, foreign)
    expect(foreign.status).toBe(403)
    // Every key may list the projects that it opens.
    if (target === '/api/projects' && method === 'GET') return
    const limited = { ...given, authorization: `Bearer ${OTHER_KEY}` }
    const response = await service.send(target, { method, ...init, headers: limited })
    await hold(method, target, response)
    expect(response.status).toBe(403)
  })

  it.each(knowing(400))('400 of $id, for a request without Host', async ({ method, target }) => {
    const { port } = new URL(service.url)
    const sent = request({ port, method, path: target, setHost: false, agent: false }).end()
    const answer = await new Promise<{ status: number; headers: Headers; body: string }>((done, fail) => {
      sent.once('error', fail).once('response', async (response) => {
        const headers = new Headers(response.headers as Record<string, string>)
        done({ status: response.statusCode ?? 0, headers, body: await text(response) })
      })
    })
    await hold(method, target, new Response(answer.body, answer))
    expect(answer.status).toBe(400)
  })

  it.each(knowing(431))('431 of $id', async ({ method, target }) => {
    const response = await service.send(target, { method, headers: { 'x-long': LONG } })
    await hold(method, target, response)
    expect(response.status).toBe(431)
  })

  it.each(knowing(413))('413 of $id', async ({ id, method, target }) => {
    const mib = id.startsWith('uploadImage') ? 15 : id === 'importPersonas' ? 10 : 1
    const body = ' '.repeat(mib * 1024 * 1024 + 1)
    const headers = { 'content-type': id === 'uploadImageFile' ? 'image/png' : 'application/json' }
    const response = await service.send(target, { method, headers, body })
    await hold(method, target, response)
    expect(response.status).toBe(413)
  })

  it.each(knowing(415))('415 of $id', async ({ method, target }) => {
    const response = await service.send(target, {
      method,
      headers: { 'content-type': 'text/plain' },
      body: 'a',
    })
    await hold(method, target, response)
    expect(response.status).toBe(415)
  })

  it('408, of a request that does not end', async () => {
    const slow = await start(undefined, { requestTimeout: 200 })
    const answers = knowing(408).map(async ({ method, target }) => {
      const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n`
      // In OpenAI's form it answers those that have named their path.
      const json = 'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{'
      const { received } = openRaw(slow.url, isOpenAi(target) ? head + json : head)
      const [answered = '', body = ''] = (await received).split('\r\n\r\n')
      const [first = '', ...lines] = answered.split('\r\n')
      const headers = new Headers(lines.map((line) => line.split(': ', 2) as [string, string]))
      const response = new Response(body, { status: Number(first.split(' ')[1]), headers })
      await hold(method, target, response)
      return response.status
    })
    expect(new Set(await Promise.all(answers))).toEqual(new Set([408]))
  })

  it('500, where something unexpected happens', async () => {
    const broken = await start(storeThatFails(() => new Error('unexpected')))
    for (const { method, target, init } of knowing(500)) {
      const response = await broken.send(target, { method, ...init })
      const { message, error } = await hold(method, target, response)
      expect([response.status, message ?? error.message]).toEqual([500, unexpected.text])
    }
  })

  it('503, where the database does not answer', async () => {
    const away = await start(storeThatFails(databaseUnavailable))
    for (const { id, method, target, init } of knowing(503)) {
      if (['getHealth', 'getMetrics', 'getDocument'].includes(id)) continue
      const response = await away.send(target, { method, ...init })
      await hold(method, target, response)
      expect([id, response.status]).toEqual([id, 503])
    }
  })

  // Last, as it counts what the others saw.
  it('and no status is declared that was not seen', () => {
    // A service in another process does not show them all: to reach into it says so.
    expect(service.store).toBeDefined()
    const all = declared.flatMap(({ id, operation }) =>
      // For clients alone: what has no status of its own here is a fault.
      Object.keys(operation.responses).flatMap((status) => (status === 'default' ? [] : `${id} ${status}`)),
    )
    // They need no database, and more requests under way than a test should make.
    const overloaded = ['getHealth 503', 'getMetrics 503', 'getDocument 503']
    expect(all.filter((each) => !seen.has(each))).toEqual(overloaded)
  })
})

describe('every path', () => {
  it.each([...new Set(declared.map(({ path }) => path))])(
    '%s takes what is documented, and no more',
    async (path) => {
      const target = shown({ ...(declared.find((each) => each.path === path) ?? expect.fail()) }).target
      const response = await service.send(target, { method: 'PATCH' })
      expect(response.status).toBe(405)
      const methods = declared.filter((each) => each.path === path).map(({ method }) => method)
      const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods
      expect(response.headers.get('allow')?.split(', ')).toEqual(allowed.sort())
    },
  )
})
