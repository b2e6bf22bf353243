import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createPersonasClient,
  isPersonasConnectionError,
  isPersonasError,
  type PersonasClientOptions,
} from '../../src/client/client.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { freePort, proxyPage, type Reply, type ScriptedServer, serverThatReplies } from './scripted-server.js'

let service: Running
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const servers: ScriptedServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function urlThatReplies(reply: Reply): Promise<string> {
  const server = await serverThatReplies([reply])
  servers.push(server)
  return server.url
}

/** What a read rejects with, the first time it is sent. */
async function errorOf(options: PersonasClientOptions): Promise<Error> {
  const client = createPersonasClient({ retry: false, ...options })
  return client.projects.list.query().then(
    () => expect.fail('The call succeeded'),
    (error: Error) => error,
  )
}

describe('an error that the service answered with', () => {
  it('has the stack of its call, and nothing of the client', async () => {
    const client = createPersonasClient({ url: service.url })
    const projectId = newProjectId()
    const name = 'twice'
    const createPersona = () => client.personas.create.mutate({ projectId, name })
    const createBesideOthers = async () => {
      await Promise.all([client.projects.list.query(), client.personas.create.mutate({ projectId, name })])
    }
    await createPersona()
    for (const again of [createPersona, createBesideOthers]) {
      const error = await again().catch((thrown: unknown) => thrown)
      if (!isPersonasError(error, 'CONFLICT')) return expect.fail('It is no PersonasError')
      const [title, frame] = (error.stack ?? '').split('\n')
      expect(title).toBe('PersonasError: Persona with name "twice" already exists')
      expect(frame).toMatch(new RegExp(`at ${again.name} .*errors\\.test\\.ts:\\d+`))
    }
  })

  it('is printed with what it says, and nothing else', async () => {
    const client = createPersonasClient({ url: service.url })
    const error = await client.personas.get
      .query({ projectId: 'p', id: '12345678' })
      .catch((thrown: object) => thrown)
    expect(Object.keys(error).sort()).toEqual(['code', 'httpStatus', 'requestId'])
    expect(Object.hasOwn(error, 'cause')).toBe(false)
  })
})

describe('a service that is down', () => {
  it('is named with its address, why, and the cause', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const error = await errorOf({ url: `${url}/` })
    expect(error.message).toBe(`The Personas API at ${url} cannot be reached: connection refused`)
    expect(error).toMatchObject({ reason: 'unreachable', url, code: 'ECONNREFUSED' })
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(isPersonasConnectionError(error)).toBe(true)
    expect(isPersonasError(error)).toBe(false)
    expect(error.stack).toMatch(
      /^PersonasConnectionError: The Personas API at .*\n +at errorOf .*errors\.test/,
    )
  })

  it('is so where the connection ends before the answer', async () => {
    expect((await errorOf({ url: await urlThatReplies('hang up') })).message).toMatch(
      /the connection was lost$/,
    )
  })

  it('is so where the connection ends in the middle of the answer', async () => {
    const error = await errorOf({ url: await urlThatReplies('break off') })
    expect(error).toMatchObject({ name: 'PersonasConnectionError', reason: 'unreachable' })
  })

  it('may be a page’s origin that the service does not know, as browsers do not tell', async () => {
    const error = await errorOf({
      url: 'http://a',
      fetch: () => Promise.reject(new TypeError('Failed to fetch')),
    })
    expect(error.message).toBe(
      'The Personas API at http://a cannot be reached: Failed to fetch; ' +
        'a page of another origin must be in its CORS_ORIGINS',
    )
  })
})

describe('what is not the Personas API', () => {
  it.each<[string, Reply, string]>([
    [
      'a page that is not there',
      proxyPage(404),
      '(status 404, text/html): check that the url is the base URL of the service, such as http://localhost:3000',
    ],
    [
      'a proxy before a service that is down',
      proxyPage(502),
      '(status 502, text/html): a proxy answers, it seems, and the service behind it may be down',
    ],
    ['another API', { status: 200, body: '{"personas":[]}' }, '(status 200, application/json): check that'],
    [
      'another tRPC service',
      { status: 500, body: '{"error":{"message":"m","code":1}}' },
      '(status 500, application/json): ',
    ],
    ['a text that is nothing', { status: 200, type: 'text/plain', body: 'OK' }, '(status 200, text/plain): '],
    ['an answer that is empty', { status: 200, body: '' }, '(status 200, application/json): '],
  ])('%s is named with its status and type', async (_, reply, text) => {
    const url = await urlThatReplies(reply)
    const error = await errorOf({ url })
    expect(error.message).toContain(`What answers at ${url} is not the Personas API ${text}`)
    expect(isPersonasConnectionError(error) && [error.reason, error.httpStatus]).toEqual([
      'not_the_api',
      (reply as { status: number }).status,
    ])
    expect(isPersonasError(error)).toBe(false)
    expect(error.stack).toMatch(/\n +at errorOf .*errors\.test/)
  })

  it.each(['/api', '/trpc', '/trpc/'])(
    'is a part of it, as the error says where the URL ends in %s',
    async (end) => {
      const { message } = await errorOf({ url: `${service.url}${end}` })
      expect(message).toMatch(new RegExp(`leave out the ${end.replace(/\/$/, '')} at the end of the url$`))
    },
  )

  it.each(['localhost:3000', 'ftp://localhost', 'ws://localhost:3000'])('cannot be at %s', (url) => {
    expect(() => createPersonasClient({ url })).toThrow(`url must begin with http:// or https://: ${url}`)
  })
})

describe('another error', () => {
  it('is of an input that JSON cannot hold, and has the stack of its call', async () => {
    const client = createPersonasClient({ url: service.url })
    // What a caller without types may send.
    const call = client.personas.create.mutate({ projectId: 'p', name: 5n as unknown as string })
    const error = await call.catch((thrown: unknown) => thrown)
    expect(isPersonasError(error) || isPersonasConnectionError(error)).toBe(false)
    expect(error).toMatchObject({ message: expect.stringContaining('BigInt'), cause: expect.any(TypeError) })
    expect((error as Error).stack).toContain('errors.test.ts')
  })

  it.each([undefined, null, 'text', { name: 'PersonasError' }, new Error('other')])(
    'is none of both: %s',
    (value) => {
      expect(isPersonasError(value)).toBe(false)
      expect(isPersonasConnectionError(value)).toBe(false)
    },
  )
})
