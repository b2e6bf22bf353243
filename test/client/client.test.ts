import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPersonasClient, isPersonasError, type PersonasClientOptions } from '../../src/client/client.js'
import { useClient } from '../package/program.js'
import { newProjectId, type Running, startService } from '../support/helper.js'

const KEY = 'client-test-key-0123456789'

let service: Running
beforeAll(async () => {
  service = await startService(undefined, { env: { API_KEYS: KEY } })
})
afterAll(() => service.close())

/** A client, and what it sends. */
function observed(options: Partial<PersonasClientOptions> = {}) {
  const requests: { url: string; init?: RequestInit }[] = []
  const send = (url: string, init?: RequestInit) => {
    requests.push({ url, ...(init && { init }) })
    return fetch(url, init)
  }
  return {
    requests,
    client: createPersonasClient({ url: service.url, apiKey: KEY, fetch: send, ...options }),
  }
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail('The call was not refused'),
    (error: unknown) => error,
  )
}

describe('the client', () => {
  it('does what its documentation shows', async () => {
    expect(await useClient({ url: service.url, apiKey: KEY })).toBe('every check holds')
  })

  it.each(['', '/', '//'])('takes a base URL that ends in "%s"', async (end) => {
    const { client, requests } = observed({ url: `${service.url}${end}` })
    await client.projects.list.query()
    expect(requests.map(({ url }) => url)).toEqual([expect.stringMatching(/^http:\/\/[^/]+\/trpc\/projects/)])
  })

  it('takes a URL object', async () => {
    const { client } = observed({ url: new URL(service.url) })
    expect(await client.projects.list.query()).toEqual([])
  })

  it.each([
    [undefined, null],
    [false, null],
    [true, 'handling=strict'],
  ])('asks for strict handling where strict is %s: %s', async (strict, expected) => {
    const { client, requests } = observed({ strict })
    await client.projects.list.query()
    expect(new Headers(requests[0]?.init?.headers).get('prefer')).toBe(expected)
  })

  it('sends 250 calls made at once in three requests, none with a longer URL than proxies take', async () => {
    const { client, requests } = observed()
    const projectId = newProjectId()
    await Promise.all(
      Array.from({ length: 250 }, (_, n) => client.personas.create.mutate({ projectId, name: `n${n}` })),
    )
    expect(requests).toHaveLength(3)
    const personas = await client.personas.list.query({ projectId })
    requests.length = 0
    const read = await Promise.all(personas.map(({ id }) => client.personas.get.query({ projectId, id })))
    expect(read).toEqual(personas)
    expect(requests.length).toBeLessThan(10)
    for (const { url } of requests) expect(url.length).toBeLessThanOrEqual(8_000)
  })

  it('sends large inputs alone, so that together they are not too large for the service', async () => {
    const { client, requests } = observed()
    const projectId = newProjectId()
    const create = (name: string, length: number) =>
      client.personas.create.mutate({ projectId, name, systemPrompt: 'é'.repeat(length) })
    await Promise.all(Array.from({ length: 20 }, (_, n) => create(`large ${n}`, 40_000)))
    expect(requests).toHaveLength(20)
    requests.length = 0
    // The largest that are sent together.
    await Promise.all(Array.from({ length: 100 }, (_, n) => create(`small ${n}`, 4_900)))
    expect(requests).toHaveLength(1)
    requests.length = 0
    const images = [1, 2].map(() =>
      client.images.upload.mutate({ projectId, imageBase64: 'A'.repeat(1024 * 1024), role: 'upload' }),
    )
    const errors = await Promise.all(images.map(errorOf))
    for (const error of errors) expect(isPersonasError(error, 'BAD_REQUEST')).toBe(true)
    expect(requests).toHaveLength(2)
  })

  it('sends uploads alone, however small', async () => {
    const { client, requests } = observed()
    const projectId = newProjectId()
    const uploads = [1, 2].map(() =>
      client.images.upload.mutate({ projectId, imageBase64: 'AAAA', role: 'upload' }),
    )
    await Promise.all(uploads.map(errorOf))
    expect(requests).toHaveLength(2)
  })

  it('sends a portrait alone, as a batch is answered when its slowest call is', async () => {
    const { client, requests } = observed()
    const projectId = newProjectId()
    const { id } = await client.personas.create.mutate({ projectId, name: 'n' })
    requests.length = 0
    const calls = [client.personas.generateImage.mutate({ projectId, id })].concat(
      client.personas.update.mutate({ projectId, id, description: 'd' }),
    )
    await Promise.allSettled(calls)
    expect(requests).toHaveLength(2)
  })

  it('does not make a change whose signal was aborted before it was sent, whatever is called beside it', async () => {
    const { client, requests } = observed()
    const projectId = newProjectId()
    const create = (name: string, signal?: AbortSignal) =>
      client.personas.create.mutate({ projectId, name }, signal && { signal })
    const given = new AbortController()
    const calls = [
      create('kept'),
      create('aborted before', AbortSignal.abort()),
      create('aborted at once', given.signal),
      create('kept too', new AbortController().signal),
    ] as const
    given.abort()
    const [kept, before, atOnce, keptToo] = await Promise.allSettled(calls)
    expect([kept.status, before.status, atOnce.status, keptToo.status]).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    const personas = await client.personas.list.query({ projectId })
    expect(personas.map(({ name }) => name).sort()).toEqual(['kept', 'kept too'])
    const sent = requests.map(({ init }) => String(init?.body))
    expect(sent.some((body) => body.includes('aborted before'))).toBe(false)
  })

  it('gives up one call by its signal, and none that were made with it', async () => {
    const { client } = observed({
      fetch: async (url, init) => {
        if (String(init?.body).includes('slow')) await new Promise((done) => setTimeout(done, 200))
        init?.signal?.throwIfAborted()
        return fetch(url, init)
      },
    })
    const projectId = newProjectId()
    const given = new AbortController()
    const slow = client.personas.create.mutate({ projectId, name: 'slow' }, { signal: given.signal })
    const other = client.personas.create.mutate({ projectId, name: 'other' })
    setTimeout(() => given.abort(), 20)
    const [error, made] = await Promise.all([errorOf(slow), other])
    expect(error).toBe(given.signal.reason)
    expect(await client.personas.list.query({ projectId })).toEqual([made])
  })

  it('gives up a call by its signal', async () => {
    const { client } = observed({
      fetch: (_, init) =>
        new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
    })
    const given = new AbortController()
    const call = errorOf(client.projects.list.query(undefined, { signal: given.signal }))
    const reason = new Error('enough')
    setTimeout(() => given.abort(reason), 20)
    expect(await call).toBe(reason)
  })
})

describe('an error', () => {
  it('has all that the service returned', async () => {
    const { client } = observed()
    const headers = { TE: 'x', 'X-A': 'é' }
    const error = await errorOf(
      client.personas.create.mutate({ projectId: newProjectId(), name: 'n', headers }),
    )
    if (!isPersonasError(error, 'BAD_REQUEST')) return expect.fail('It is no PersonasError')
    expect(error).toMatchObject({
      message: 'headers.TE belongs to the connection and cannot be set by a persona',
      httpStatus: 400,
      issues: [{ path: 'headers.TE' }, { path: 'headers.X-A' }],
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe(`PersonasError: ${error.message}`)
  })

  it('of a whole batch is one of each of its calls', async () => {
    const { client } = observed({ apiKey: 'a-key-that-opens-nothing' })
    const calls = [1, 2].map(() => errorOf(client.projects.list.query()))
    for (const error of await Promise.all(calls)) expect(isPersonasError(error, 'UNAUTHORIZED')).toBe(true)
  })

  it('says when to try again', async () => {
    const data = { code: 'TOO_MANY_REQUESTS', httpStatus: 429, reason: 'portrait_rate', retryAfter: 7 }
    const { client } = observed({
      fetch: async () => Response.json({ error: { message: 'm', code: -32029, data } }, { status: 429 }),
    })
    const error = await errorOf(client.personas.generateImage.mutate({ projectId: 'p', id: '12345678' }))
    expect(isPersonasError(error, 'TOO_MANY_REQUESTS') && error.retryAfter).toBe(7)
    expect(error).toMatchObject(data)
  })
})
