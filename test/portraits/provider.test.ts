import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors/error.js'
import { stoppingBeforePortrait } from '../../src/errors/portraits.js'
import { answerTooLarge } from '../../src/errors/provider.js'
import type { Limit } from '../../src/limit.js'
import { createImageProvider, type GenerateRequest } from '../../src/portraits/openai/provider.js'
import { plain } from '../images/pictures.js'
import { collectGarbage } from '../support/garbage.js'
import {
  errorReply,
  type ImagesApi,
  openAiErrors,
  type Reply,
  startImagesApi,
  widePicture,
} from './images-api.js'

const KEY = 'sk-test-0123456789-secret'
const PROMPT = 'Draw a portrait of an impatient user who values brevity and taps the table.'
const MODELS = ['gpt-image-1', 'gpt-image-2.6-flare', 'gpt-image-2.5-flare']

let api: ImagesApi
beforeAll(async () => {
  api = await startImagesApi()
})
beforeEach(() => api.reset())
afterAll(() => api.close())

const limits: Limit[] = []
const metrics = { limit: (limit: Limit) => void limits.push(limit) }
afterEach(() => {
  // Whatever came, nothing is held of it any more.
  for (const { used, waiting } of limits.splice(0)) expect([used, waiting]).toEqual([0, 0])
})

function providerWith(options: { timeoutMs?: number; now?: () => number; baseUrl?: string } = {}) {
  return createImageProvider({ baseUrl: api.url, models: MODELS, timeoutMs: 5_000, metrics, ...options })
}

function request(over: Partial<GenerateRequest> = {}): GenerateRequest {
  return { apiKey: KEY, prompt: PROMPT, references: [], signal: new AbortController().signal, ...over }
}

async function failure(work: Promise<unknown>): Promise<ServiceError> {
  const error = await work.then(
    () => expect.fail('it should have failed'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ServiceError)) throw error
  if (
    error.code === 'BAD_GATEWAY' ||
    error.code === 'SERVICE_UNAVAILABLE' ||
    error.code === 'GATEWAY_TIMEOUT'
  )
    expect(error.cause, 'what the log has of it').toBeDefined()
  // Whatever went wrong, neither key nor prompt may be in what is shown or logged.
  expect(inspect(error, { depth: 9 })).not.toContain(KEY)
  expect(inspect(error, { depth: 9 })).not.toContain(PROMPT)
  return error
}

const references = (['png', 'jpeg', 'webp'] as const).map((format, at) => ({
  id: `0000000${at}-0000-4000-8000-000000000000.${format}`,
  format,
  bytes: Buffer.from(`picture ${at}`),
}))
const ids = references.map(({ id }) => id)

describe('what is sent', () => {
  it('asks images.generate for one square picture', async () => {
    const picture = await widePicture()
    api.reply({ kind: 'picture', bytes: picture })
    const made = await providerWith().generate(request())
    expect(made).toEqual({ bytes: picture, model: 'gpt-image-1' })
    expect(api.requests).toHaveLength(1)
    expect(api.requests[0]).toMatchObject({ path: '/v1/images/generations', authorization: `Bearer ${KEY}` })
    expect(api.requests[0]?.fields).toEqual({ model: 'gpt-image-1', prompt: PROMPT, n: 1, size: '1024x1024' })
  })

  it('sends style references to images.edit in their order, with their types', async () => {
    await providerWith().generate(request({ references }))
    const [edit] = api.requests
    expect(edit?.path).toBe('/v1/images/edits')
    expect(edit?.fields).toEqual({ model: 'gpt-image-1', prompt: PROMPT, n: '1', size: '1024x1024' })
    expect(edit?.files).toEqual([
      { field: 'image[]', name: 'reference-1.png', type: 'image/png', bytes: references[0]?.bytes },
      { field: 'image[]', name: 'reference-2.jpg', type: 'image/jpeg', bytes: references[1]?.bytes },
      { field: 'image[]', name: 'reference-3.webp', type: 'image/webp', bytes: references[2]?.bytes },
    ])
  })

  it('keeps the order of sixteen references', async () => {
    const sixteen = Array.from({ length: 16 }, (_, at) => ({
      id: `${at}.png`,
      format: 'png' as const,
      bytes: Buffer.from(`${at}`),
    }))
    await providerWith().generate(request({ references: sixteen }))
    expect(api.requests[0]?.files.map(({ bytes }) => bytes.toString())).toEqual(
      sixteen.map(({ bytes }) => bytes.toString()),
    )
  })

  it('takes no organisation from the environment', async () => {
    process.env.OPENAI_ORG_ID = 'org-other'
    process.env.OPENAI_PROJECT_ID = 'proj_other'
    try {
      await providerWith().generate(request())
    } finally {
      delete process.env.OPENAI_ORG_ID
      delete process.env.OPENAI_PROJECT_ID
    }
    expect(Object.keys(api.requests[0]?.headers ?? {})).not.toContain('openai-organization')
    expect(Object.keys(api.requests[0]?.headers ?? {})).not.toContain('openai-project')
  })
})

const answer = (status: number, body: unknown): Reply => ({ kind: 'answer', status, body })

describe('choice of the model', () => {
  it('moves on from retired models and remembers them for an hour, for that key', async () => {
    let now = Date.UTC(2026, 10, 1)
    const provider = providerWith({ now: () => now })
    api.retire('gpt-image-1')
    expect((await provider.generate(request())).model).toBe('gpt-image-2.6-flare')
    expect((await provider.generate(request())).model).toBe('gpt-image-2.6-flare')
    expect(api.requests.map(({ fields }) => fields.model)).toEqual([MODELS[0], MODELS[1], MODELS[1]])

    api.requests.length = 0
    await provider.generate(request({ apiKey: 'sk-another-key-000000' }))
    expect(api.requests[0]?.fields.model).toBe('gpt-image-1')

    api.requests.length = 0
    now += 3_600_001
    await provider.generate(request())
    expect(api.requests[0]?.fields.model).toBe('gpt-image-1')
  })

  it.each([
    ['deprecated', openAiErrors.modelDeprecated],
    ['closed to the project', openAiErrors.modelNotOfProject],
    ['an invalid value', openAiErrors.modelInvalidValue],
  ])('moves on from a model that is %s', async (_, reply) => {
    api.reply(reply)
    expect((await providerWith().generate(request({ references }))).model).toBe('gpt-image-2.6-flare')
  })

  it('says so when none is served, and does not ask again within the hour', async () => {
    api.retire(...MODELS)
    let now = Date.UTC(2026, 10, 1)
    const provider = providerWith({ now: () => now })
    for (const calls of [3, 3]) {
      const error = await failure(provider.generate(request()))
      expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', reason: 'provider_misconfigured' })
      expect(error.message).toContain(MODELS.join(', '))
      expect(api.requests).toHaveLength(calls)
    }
    now += 3_600_001
    await failure(provider.generate(request()))
    expect(api.requests).toHaveLength(6)
  })

  it('uses a model asked for by name alone', async () => {
    const provider = providerWith()
    expect((await provider.generate(request({ model: 'own-model' }))).model).toBe('own-model')
    api.retire('own-model')
    const error = await failure(provider.generate(request({ model: 'own-model' })))
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', reason: 'provider_misconfigured' })
    expect(api.requests.map(({ fields }) => fields.model)).toEqual(['own-model', 'own-model'])
  })

  it.each([
    ['its own 404', undefined],
    ['a plain 404 in JSON', answer(404, { detail: 'Not Found' })],
    ['a 404 in the form of errors', answer(404, { error: { message: 'Not found' } })],
    ['a 404 page', answer(404, '<h1>No such page</h1>')],
    ['a 405', answer(405, { detail: 'Method Not Allowed' })],
    ['a page of its own', answer(200, '<h1>Welcome</h1>')],
  ])('takes %s for a wrong address, not for a retirement, and says what to check', async (_, reply) => {
    const baseUrl = reply === undefined ? api.url.replace('/v1', '') : api.url
    if (reply !== undefined) api.reply(reply)
    const error = await failure(providerWith({ baseUrl }).generate(request()))
    expect(error.code).toBe('BAD_GATEWAY')
    expect(error.message).toMatch(/check OPENAI_BASE_URL: gateways want their path in it, such as \/v1$/)
    expect(error.message).not.toContain('127.0.0.1')
    expect(api.requests).toHaveLength(1)
  })
})

interface Row {
  says: string
  reply: Reply
  code: ServiceError['code']
  reason?: string
  retryAfter?: number
  message?: RegExp
}

const later = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString()
const rateLimited = (retryAfter: string) =>
  errorReply(
    429,
    { message: 'Slow.', type: 'requests', code: 'rate_limit_exceeded' },
    { 'retry-after': retryAfter },
  )

const table: Row[] = [
  {
    says: 'moderation_blocked',
    reply: openAiErrors.moderationBlocked,
    code: 'UNPROCESSABLE_CONTENT',
    message: /rejected by the safety system.*\[sexual\]/,
  },
  {
    says: 'content_policy_violation',
    reply: openAiErrors.contentPolicyViolation,
    code: 'UNPROCESSABLE_CONTENT',
    message: /not allowed by our safety/,
  },
  {
    says: 'invalid_api_key',
    reply: openAiErrors.invalidApiKey,
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_misconfigured',
    message: /refuses the project’s API key/,
  },
  {
    says: 'organisation not verified',
    reply: openAiErrors.organizationNotVerified,
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_misconfigured',
    message: /verif/,
  },
  {
    says: 'a 403 page',
    reply: answer(403, '<h1>Forbidden</h1>'),
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_misconfigured',
  },
  {
    says: 'insufficient_quota',
    reply: openAiErrors.insufficientQuota,
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_quota',
  },
  {
    says: 'billing_hard_limit_reached',
    reply: openAiErrors.billingHardLimit,
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_quota',
  },
  {
    says: '402',
    reply: answer(402, { error: { message: 'Pay $0.04 first' } }),
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_quota',
  },
  { says: 'rate_limit_exceeded', reply: openAiErrors.rateLimited, code: 'TOO_MANY_REQUESTS', retryAfter: 12 },
  { says: 'a long Retry-After', reply: rateLimited('3600'), code: 'TOO_MANY_REQUESTS', retryAfter: 60 },
  { says: 'Retry-After 0', reply: rateLimited('0'), code: 'TOO_MANY_REQUESTS', retryAfter: 1 },
  { says: 'a late date', reply: rateLimited(later(600)), code: 'TOO_MANY_REQUESTS', retryAfter: 60 },
  { says: 'a date gone by', reply: rateLimited(later(-600)), code: 'TOO_MANY_REQUESTS', retryAfter: 1 },
  { says: 'a senseless Retry-After', reply: rateLimited('soon'), code: 'TOO_MANY_REQUESTS', retryAfter: 20 },
  { says: '429 without more', reply: answer(429, ''), code: 'TOO_MANY_REQUESTS', retryAfter: 20 },
  {
    says: 'server_is_overloaded',
    reply: openAiErrors.overloaded,
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_overloaded',
    retryAfter: 7,
  },
  {
    says: '529',
    reply: answer(529, {}),
    code: 'SERVICE_UNAVAILABLE',
    reason: 'provider_overloaded',
    retryAfter: 20,
  },
  { says: 'a parameter it does not know', reply: openAiErrors.unknownParameter, code: 'BAD_GATEWAY' },
  {
    says: 'server_error',
    reply: openAiErrors.serverError,
    code: 'BAD_GATEWAY',
    message: /failed with status 500/,
  },
  { says: 'a page with 502', reply: answer(502, '<h1>Bad gateway</h1>'), code: 'BAD_GATEWAY' },
  { says: 'an error that is a text', reply: answer(400, { error: 'no' }), code: 'BAD_GATEWAY' },
  {
    says: 'an error of wrong types',
    reply: answer(400, { error: { code: 5, type: {}, message: [] } }),
    code: 'BAD_GATEWAY',
  },
  {
    says: 'a page with 200',
    reply: answer(200, '<h1>Welcome</h1>'),
    code: 'BAD_GATEWAY',
    message: /a text that is not JSON/,
  },
  { says: 'nothing with 200', reply: answer(200, ''), code: 'BAD_GATEWAY' },
  { says: 'no data', reply: answer(200, { created: 1 }), code: 'BAD_GATEWAY' },
  { says: 'no picture', reply: answer(200, { data: [] }), code: 'BAD_GATEWAY' },
  { says: 'an empty picture', reply: answer(200, { data: [{ b64_json: '' }] }), code: 'BAD_GATEWAY' },
  { says: 'null', reply: answer(200, { data: [null] }), code: 'BAD_GATEWAY' },
  {
    says: 'what is not base64',
    reply: answer(200, { data: [{ b64_json: 'not base64!' }] }),
    code: 'BAD_GATEWAY',
    message: /not base64/,
  },
  {
    says: 'a link',
    reply: answer(200, { data: [{ url: 'http://169.254.169.254/' }] }),
    code: 'BAD_GATEWAY',
    message: /a link, not the picture/,
  },
  {
    says: 'broken JSON',
    reply: { kind: 'answer', status: 200, body: '{"data":', headers: { 'content-type': 'application/json' } },
    code: 'BAD_GATEWAY',
  },
  { says: 'nothing and resets', reply: { kind: 'reset', when: 'before headers' }, code: 'BAD_GATEWAY' },
  { says: 'half and resets', reply: { kind: 'reset', when: 'in the body' }, code: 'BAD_GATEWAY' },
]

describe('what the provider may say', () => {
  it.each(table)('$says → $code $reason', async ({ reply, code, reason, retryAfter, message }) => {
    api.reply(reply)
    const error = await failure(providerWith().generate(request()))
    expect({ code: error.code, reason: error.reason, retryAfter: error.retryAfter }).toEqual({
      code,
      reason,
      retryAfter,
    })
    expect(error.message).toMatch(message ?? /./)
    expect(error.message).not.toContain('$')
    // Never tried again: it may have been billed.
    expect(api.requests).toHaveLength(1)
  })

  it('nobody there → BAD_GATEWAY, with the network’s code for the log', async () => {
    const gone = await startImagesApi()
    await gone.close()
    const error = await failure(providerWith({ baseUrl: gone.url }).generate(request()))
    expect(error.code).toBe('BAD_GATEWAY')
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('keeps what identifies a failure for the log, and no more', async () => {
    api.reply(openAiErrors.serverError)
    const { cause } = await failure(providerWith().generate(request()))
    expect({ ...cause }).toEqual({ status: 500, type: 'server_error', requestID: 'req_0a1b2c' })
  })

  it('refuses a key that no header carries, without asking', async () => {
    const error = await failure(providerWith().generate(request({ apiKey: 'sk-\nbroken' })))
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', reason: 'provider_misconfigured' })
    expect(error.message).not.toContain('broken')
    expect(api.requests).toHaveLength(0)
  })

  it('quotes a reason short, in one line, without key or prompt', async () => {
    const blocked = (message: string) => errorReply(400, { message, type: 'x', code: 'moderation_blocked' })
    const apiKey = 'gateway/key+0123456789'
    api.reply(
      blocked(`Key ${apiKey}\nof org-0123456789\u0000 is bad ${'x'.repeat(5_000)}`),
      blocked(`Refused: "${PROMPT}"`),
    )
    const long = await failure(providerWith().generate(request({ apiKey })))
    expect(long.message).toMatch(/Key … of … is bad x+…$/)
    expect(long.message.length).toBeLessThan(400)
    const repeating = await failure(providerWith().generate(request()))
    expect(repeating.message).toMatch(/gave no reason$/)
  })
})

describe('a redirect of the provider', () => {
  it.each([301, 302, 307, 308])(
    '%i is not followed: it could send the prompt elsewhere, or pay again',
    async (status) => {
      const provider = providerWith()
      const before = api.requests.length
      api.reply({ kind: 'answer', status, body: '', headers: { Location: `${api.url}/elsewhere` } })
      const error = await failure(provider.generate(request()))
      expect(error.code).toBe('BAD_GATEWAY')
      expect(api.requests.length - before).toBe(1)
    },
  )
})

describe('how much the provider may say', () => {
  const zipped = (status: number, text: string): Reply => ({
    kind: 'answer',
    status,
    body: gzipSync(text),
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  })
  const ofMiB = (mib: number) => `{"data":[{"b64_json":"${'A'.repeat(mib * 1024 * 1024)}"}]}`

  it('ends at 16 MiB, counted once they are decompressed', async () => {
    api.reply(zipped(200, ofMiB(64)))
    const error = await failure(providerWith().generate(request()))
    expect(error).toMatchObject({
      code: 'BAD_GATEWAY',
      message: answerTooLarge.text({ mib: 16 }),
    })
    expect(api.requests).toHaveLength(1)
  })

  it('leaves room for any picture that was asked for', async () => {
    api.reply(zipped(200, ofMiB(15)))
    const { bytes } = await providerWith().generate(request())
    expect(bytes.length).toBe((15 * 1024 * 1024 * 3) / 4)
  })

  it('ends at 1 MiB for an error, which is told by its status', async () => {
    const error = { code: 'insufficient_quota', message: 'x'.repeat(2 * 1024 * 1024) }
    api.reply(zipped(429, JSON.stringify({ error })))
    // Had it been read whole, its code would have told more.
    expect((await failure(providerWith().generate(request()))).code).toBe('TOO_MANY_REQUESTS')
  })

  it('is read a few at once, the rest of them waiting, and all come', async () => {
    const provider = providerWith()
    api.reply(...Array.from({ length: 8 }, () => zipped(200, ofMiB(4))))
    const all = Array.from({ length: 8 }, () => provider.generate(request()))
    expect((await Promise.all(all)).map(({ bytes }) => bytes.length)).toEqual(Array(8).fill(3 * 1024 * 1024))
  })

  it('does not wait for itself where the SDK fetches more than once, as it does with style references', async () => {
    const provider = providerWith({ timeoutMs: 5_000 })
    api.reply(...Array.from({ length: 8 }, () => zipped(200, ofMiB(1))))
    const references = [{ id: 'a.png', format: 'png' as const, bytes: await plain(8, 8).png().toBuffer() }]
    const all = Array.from({ length: 8 }, () => provider.generate(request({ references })))
    expect(await Promise.all(all)).toHaveLength(8)
  })

  it('keeps nobody waiting for an answer that hangs in its body', async () => {
    const provider = providerWith({ timeoutMs: 300 })
    api.reply(...Array.from({ length: 6 }, (): Reply => ({ kind: 'hang', when: 'in the body' })))
    const hanging = Array.from({ length: 6 }, () => failure(provider.generate(request())))
    for (const { code } of await Promise.all(hanging)) expect(code).toBe('GATEWAY_TIMEOUT')
    await expect(provider.generate(request())).resolves.toMatchObject({ model: 'gpt-image-1' })
  })
})

describe('a style reference that the provider cannot use', () => {
  const fault = (message: string, param?: string) =>
    errorReply(400, {
      message,
      type: 'invalid_request_error',
      code: 'invalid_image_file',
      ...(param && { param }),
    })

  it.each<{ how: string; reply: Reply; named: (string | undefined)[] }>([
    { how: 'by index', reply: openAiErrors.unsupportedFile, named: [ids[1]] },
    { how: 'by index in the parameter', reply: fault('Bad.', 'image[2]'), named: [ids[2]] },
    { how: 'by file name', reply: fault('Cannot read reference-1.png.'), named: [ids[0]] },
    {
      how: 'by a number that counts from 0 or 1',
      reply: openAiErrors.invalidImageFile,
      named: [ids[0], ids[1]],
    },
    { how: 'not at all', reply: fault('Bad.', 'image'), named: ids },
    { how: 'beyond those sent', reply: fault('Bad.', 'image[9]'), named: ids },
    { how: 'as too much together', reply: answer(413, '<h1>Too large</h1>'), named: ids },
  ])('is named when told $how', async ({ reply, named }) => {
    api.reply(reply)
    const error = await failure(providerWith().generate(request({ references })))
    expect(error.code).toBe('UNPROCESSABLE_CONTENT')
    expect(ids.filter((id) => error.message.includes(id))).toEqual(named)
  })
})

describe('time', () => {
  it.each(['before headers', 'in the body'] as const)('limits a hang %s', async (when) => {
    api.reply({ kind: 'hang', when })
    const started = performance.now()
    const failing = failure(providerWith({ timeoutMs: 400 }).generate(request()))
    await expect.poll(() => api.requests.length).toBe(1)
    await collectGarbage()
    const error = await failing
    expect(error.code).toBe('GATEWAY_TIMEOUT')
    expect(performance.now() - started).toBeLessThan(2_000)
    await expect.poll(() => api.requests[0]?.hungUp).toBe(true)
  })

  it('limits all attempts together', async () => {
    api.retire(MODELS[0] ?? '')
    api.reply({ kind: 'picture', delayMs: 1_000 })
    const error = await failure(providerWith({ timeoutMs: 200 }).generate(request()))
    expect(error.code).toBe('GATEWAY_TIMEOUT')
    expect(api.requests).toHaveLength(2)
  })

  it('waits for a slow picture within the limit', async () => {
    api.reply({ kind: 'picture', delayMs: 300 })
    await expect(providerWith().generate(request())).resolves.toMatchObject({ model: 'gpt-image-1' })
  })

  it.each(['before headers', 'in the body'] as const)('is given up by the caller %s', async (when) => {
    api.reply({ kind: 'hang', when })
    const controller = new AbortController()
    const generating = failure(providerWith().generate(request({ signal: controller.signal })))
    await expect.poll(() => api.requests.length).toBe(1)
    const reason = stoppingBeforePortrait({ cause: 'told to stop' })
    controller.abort(reason)
    expect(await generating).toBe(reason)
    await expect.poll(() => api.requests[0]?.hungUp).toBe(true)
  })

  it('asks nothing when given up before', async () => {
    await expect(providerWith().generate(request({ signal: AbortSignal.abort() }))).rejects.toThrow(/abort/i)
    expect(api.requests).toHaveLength(0)
  })
})
