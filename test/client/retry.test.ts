import { afterEach, describe, expect, it } from 'vitest'
import { appRouter } from '../../src/api/router.js'
import {
  createPersonasClient,
  isPersonasConnectionError,
  isPersonasError,
  type PersonasClient,
} from '../../src/client/client.js'
import { waitBeforeRetry } from '../../src/client/retry.js'
import {
  failure,
  freePort,
  proxyPage,
  type Reply,
  result,
  type ScriptedServer,
  serverThatReplies,
} from './scripted-server.js'

const servers: ScriptedServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function replying(...replies: Reply[]) {
  const server = await serverThatReplies(replies)
  servers.push(server)
  return { server, client: createPersonasClient({ url: server.url }) }
}

const overloaded = (retryAfter: number) =>
  failure(503, { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, reason: 'overloaded', retryAfter })
const noDatabase = (retryAfter: number) =>
  failure(503, { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, retryAfter })

const persona = { projectId: 'p', id: '12345678' }
type Send = (client: PersonasClient) => Promise<unknown>

/** Each call, and when it may be sent a second time. */
const calls: Record<string, { repeated: 'after any failure' | 'where not begun' | 'never'; send: Send }> = {
  'personas.list': { repeated: 'after any failure', send: (c) => c.personas.list.query({ projectId: 'p' }) },
  'personas.page': { repeated: 'after any failure', send: (c) => c.personas.page.query({ projectId: 'p' }) },
  'personas.tags': { repeated: 'after any failure', send: (c) => c.personas.tags.query({ projectId: 'p' }) },
  'personas.get': { repeated: 'after any failure', send: (c) => c.personas.get.query(persona) },
  'personas.update': {
    repeated: 'after any failure',
    send: (c) => c.personas.update.mutate({ ...persona, name: 'n' }),
  },
  'personas.update with ifMatch': {
    repeated: 'where not begun',
    send: (c) => c.personas.update.mutate({ ...persona, name: 'n', ifMatch: '2026-11-24T00:00:00.000Z' }),
  },
  'personas.versions': { repeated: 'after any failure', send: (c) => c.personas.versions.query(persona) },
  'personas.versionsPage': {
    repeated: 'after any failure',
    send: (c) => c.personas.versionsPage.query(persona),
  },
  'personas.revert': {
    repeated: 'where not begun',
    send: (c) => c.personas.revert.mutate({ ...persona, version: 1 }),
  },
  'personas.revert with ifMatch': {
    repeated: 'where not begun',
    send: (c) => c.personas.revert.mutate({ ...persona, version: 1, ifMatch: '2026-11-24T00:00:00.000Z' }),
  },
  'personas.mergeHeaders': {
    repeated: 'after any failure',
    send: (c) => c.personas.mergeHeaders.mutate({ ...persona, headers: {} }),
  },
  'personas.create': {
    repeated: 'where not begun',
    send: (c) => c.personas.create.mutate({ projectId: 'p', name: 'n' }),
  },
  'personas.delete': { repeated: 'where not begun', send: (c) => c.personas.delete.mutate(persona) },
  'personas.import': {
    repeated: 'where not begun',
    send: (c) => c.personas.import.mutate({ projectId: 'p', personas: [{ name: 'n' }] }),
  },
  'personas.generateImage': { repeated: 'never', send: (c) => c.personas.generateImage.mutate(persona) },
  'personas.prompt': { repeated: 'after any failure', send: (c) => c.personas.prompt.query(persona) },
  'personas.generate': {
    repeated: 'never',
    send: (c) => c.personas.generate.mutate({ projectId: 'p', brief: 'b', count: 1 }),
  },
  'personas.simulate': { repeated: 'never', send: (c) => c.personas.simulate.mutate(persona) },
  'projects.list': { repeated: 'after any failure', send: (c) => c.projects.list.query() },
  'projects.getConfig': {
    repeated: 'after any failure',
    send: (c) => c.projects.getConfig.query({ projectId: 'p' }),
  },
  'projects.updateConfig': {
    repeated: 'after any failure',
    send: (c) => c.projects.updateConfig.mutate({ projectId: 'p', name: 'n' }),
  },
  'projects.create': { repeated: 'where not begun', send: (c) => c.projects.create.mutate({ name: 'n' }) },
  'projects.delete': {
    repeated: 'where not begun',
    send: (c) => c.projects.delete.mutate({ projectId: 'p' }),
  },
  'images.list': { repeated: 'after any failure', send: (c) => c.images.list.query({ projectId: 'p' }) },
  'images.upload': {
    repeated: 'where not begun',
    send: (c) => c.images.upload.mutate({ projectId: 'p', imageBase64: 'AAAA', role: 'upload' }),
  },
  'images.delete': {
    repeated: 'where not begun',
    send: (c) => c.images.delete.mutate({ projectId: 'p', imageId: 'i' }),
  },
}

it('is decided for every procedure whether it may be sent a second time', () => {
  const decided = new Set(Object.keys(calls).map((name) => name.split(' ', 1)[0]))
  expect([...decided].sort()).toEqual(Object.keys(appRouter._def.procedures).sort())
})

describe.each(Object.entries(calls))('%s', (_, { repeated, send }) => {
  /** How often it is sent where it first meets the reply, and would then succeed. */
  async function tries(reply: Reply): Promise<number> {
    const { server, client } = await replying(reply, result({}))
    await send(client).catch(() => undefined)
    return server.requests.length
  }

  it(`is sent again ${repeated}`, async () => {
    const mayBeDone: Reply[] = [noDatabase(0), 'hang up', proxyPage(502, { 'Retry-After': '0' })]
    const expected = repeated === 'after any failure' ? 2 : 1
    for (const reply of mayBeDone) expect([reply, await tries(reply)]).toEqual([reply, expected])
    const limited = failure(429, { code: 'TOO_MANY_REQUESTS', httpStatus: 429, retryAfter: 0 })
    const notBegun = [overloaded(0), limited]
    const expectedThere = repeated === 'never' ? 1 : 2
    for (const reply of notBegun) expect([reply, await tries(reply)]).toEqual([reply, expectedThere])
  })

  it('is sent once after a failure that waiting does not cure', async () => {
    const lasting = [
      failure(409, { code: 'CONFLICT', httpStatus: 409 }),
      failure(500, { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 }),
      failure(503, { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, reason: 'key_unreadable' }),
      proxyPage(404),
    ]
    for (const reply of lasting) expect([reply, await tries(reply)]).toEqual([reply, 1])
  })

  it(`${repeated === 'never' ? 'does not survive' : 'survives'} a restart of the service`, async () => {
    const port = await freePort()
    const sent = send(createPersonasClient({ url: `http://127.0.0.1:${port}` })).then(
      () => 'done',
      (error: unknown) => (isPersonasConnectionError(error) ? error.code : error),
    )
    await new Promise((started) => setTimeout(started, 100))
    servers.push(await serverThatReplies([result({})], port))
    expect(await sent).toBe(repeated === 'never' ? 'ECONNREFUSED' : 'done')
  })
})

describe('a call that is tried again', () => {
  it('waits as long as the answer says', async () => {
    const { server, client } = await replying(overloaded(1), result([]))
    expect(await client.projects.list.query()).toEqual([])
    const [first, second] = server.requests
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990)
  })

  it('is given up after five tries, with the last error', async () => {
    const { server, client } = await replying(overloaded(0))
    const error = await client.projects.list.query().catch((thrown: unknown) => thrown)
    expect(isPersonasError(error, 'SERVICE_UNAVAILABLE') && error.retryAfter).toBe(0)
    expect(server.requests).toHaveLength(5)
  })

  it('does not wait for what is more than 30 seconds away', async () => {
    const { server, client } = await replying(overloaded(31))
    await expect(client.projects.list.query()).rejects.toMatchObject({ retryAfter: 31 })
    expect(server.requests).toHaveLength(1)

    const error = Object.assign(new Error('m'), { name: 'PersonasError', code: 'X', retryAfter: 5 })
    const call = { type: 'query', path: 'projects.list', input: undefined } as const
    expect(waitBeforeRetry(call, error, { made: 2, elapsed: 24_000, spread: 1 })).toBe(5_000)
    expect(waitBeforeRetry(call, error, { made: 2, elapsed: 26_000, spread: 1 })).toBeUndefined()
  })

  it('is given up at once by its signal, with the reason of that', async () => {
    const { server, client } = await replying(overloaded(20))
    const given = new AbortController()
    const call = client.projects.list.query(undefined, { signal: given.signal })
    const reason = new Error('enough')
    const began = performance.now()
    setTimeout(() => given.abort(reason), 100)
    await expect(call).rejects.toBe(reason)
    expect(performance.now() - began).toBeLessThan(5_000)
    const slow = client.projects.list.query(undefined, { signal: AbortSignal.timeout(100) })
    await expect(slow).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.requests).toHaveLength(2)
  })

  it('shares its requests with those that failed with it', async () => {
    const { server, client } = await replying(overloaded(0), result({}))
    const ids = ['11111111', '22222222', '33333333']
    await Promise.all(ids.map((id) => client.personas.get.query({ projectId: 'p', id })))
    expect(server.requests.map(({ url }) => url.split('?', 1)[0])).toEqual([
      '/trpc/personas.get,personas.get,personas.get',
      '/trpc/personas.get,personas.get,personas.get',
    ])
  })

  it('is none where retry is off', async () => {
    const { server } = await replying(overloaded(0))
    const client = createPersonasClient({ url: server.url, retry: false })
    await expect(client.projects.list.query()).rejects.toMatchObject({ reason: 'overloaded' })
    expect(server.requests).toHaveLength(1)
    const closed = createPersonasClient({ url: `http://127.0.0.1:${await freePort()}`, retry: false })
    await expect(closed.projects.list.query()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is none where there is no such host', async () => {
    let tries = 0
    const client = createPersonasClient({
      url: 'http://no-such-host.invalid',
      fetch: () => {
        tries += 1
        const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
        return Promise.reject(new TypeError('fetch failed', { cause }))
      },
    })
    await expect(client.projects.list.query()).rejects.toThrow('there is no such host')
    expect(tries).toBe(1)
  })
})
