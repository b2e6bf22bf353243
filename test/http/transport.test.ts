import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bodyNotJson,
  bodyNotObject,
  bodyOfTooManyValues,
  bodyTooLarge,
  wrongContentType,
} from '../../src/errors/requests.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { dribble, exchangeRaw, openRaw } from '../support/raw.js'

let service: Running
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const json = { 'Content-Type': 'application/json' }
const personas = (projectId = newProjectId()) => `/api/projects/${projectId}/personas`
const post = (body: string | Buffer, headers: Record<string, string> = json) =>
  service.send(personas(), { method: 'POST', headers, body })

const raw = (bytes: string, ms?: number) => exchangeRaw(service.url, bytes, ms)
const request = (head: string) => raw(`${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)

function expectError(text: string, status: number) {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head.toLowerCase()).toContain('content-type: application/json')
  expect(head.toLowerCase()).toContain('x-request-id: ')
  const error = JSON.parse(body)
  expect(error).toMatchObject({
    message: expect.any(String),
    code: expect.any(String),
    requestId: expect.any(String),
  })
  expect(error.error).toBe(error.message)
  return error
}

describe('errors', () => {
  it('have the one form, with the request id of the header', async () => {
    const response = await post('{"description":5}')
    expect(response.status).toBe(400)
    const body = await response.json()
    expect(body).toEqual({
      error: 'Name is required',
      message: 'Name is required',
      code: 'BAD_REQUEST',
      issues: [
        { path: 'name', message: 'Name is required' },
        { path: 'description', message: 'description must be a string' },
      ],
      requestId: response.headers.get('x-request-id'),
    })
  })

  it('of the inside tell nothing of it, in either interface', async () => {
    const broken = await startService()
    const fails = () => Promise.reject(new Error('secret of the inside'))
    Object.assign(broken.store, { listPersonas: fails })
    const response = await broken.send(personas())
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).not.toContain('secret')
    const outcome = await broken.trpc.call('personas.list', { projectId: 'p' })
    expect(outcome.status).toBe(500)
    expect(outcome.message).toBe(JSON.parse(text).message)
    expect(JSON.stringify(outcome)).not.toMatch(/secret|stack|\.ts/)
    await broken.close()
  })
})

describe('request ids', () => {
  it('are made, or kept where a sane one comes', async () => {
    const own = await service.send('/healthz')
    expect(own.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const kept = await service.send('/healthz', { headers: { 'X-Request-Id': 'trace-1:a/b' } })
    expect(kept.headers.get('x-request-id')).toBe('trace-1:a/b')
    for (const odd of ['a b', 'x'.repeat(129), '<script>', '']) {
      const made = await service.send('/healthz', { headers: { 'X-Request-Id': odd } })
      expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('are on every answer: success, error, tRPC, unknown path', async () => {
    for (const path of [
      personas(),
      '/nowhere',
      '/trpc/personas.nothing',
      '/openapi.json',
      '/docs',
      '/metrics',
    ]) {
      expect((await service.send(path)).headers.get('x-request-id')).toBeTruthy()
    }
  })
})

describe('content types', () => {
  it.each([
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'Application/Json;Charset="UTF-8"; x=y',
    'application/json;charset=iso-8859-1',
  ])('%s is JSON', async (type) => {
    expect((await post('{"name":"n"}', { 'Content-Type': type })).status).toBe(201)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    'image/png',
  ])('%s is refused with 415 on a JSON route', async (type) => {
    const response = await post('{"name":"n"}', { 'Content-Type': type })
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: wrongContentType.example().message,
    })
  })

  it('a body without one is refused with 415, and so is an encoded one', async () => {
    const answer = await raw(
      `POST ${personas()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"name":"n"}`,
    )
    expectError(answer, 415)
    expect((await post('{"name":"n"}', { ...json, 'Content-Encoding': 'gzip' })).status).toBe(415)
  })

  it('a POST without a body needs none', async () => {
    const path = `${personas()}/00000000-0000-4000-8000-000000000000/generate-image`
    expect((await service.send(path, { method: 'POST' })).status).toBe(404)
    expect((await service.send(path, { method: 'POST', headers: json })).status).toBe(404)
    const nameless = await service.send(personas(), { method: 'POST' })
    expect([nameless.status, (await nameless.json()) as object]).toMatchObject([
      400,
      { message: 'Name is required' },
    ])
  })

  it('of an empty body is not minded: browsers give it one of their own', async () => {
    const path = `${personas()}/00000000-0000-4000-8000-000000000000`
    for (const type of ['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'image/png']) {
      const headers = { 'Content-Type': type }
      expect((await service.send(`${path}/generate-image`, { method: 'POST', headers })).status).toBe(404)
      expect((await service.send(path, { method: 'DELETE', headers })).status).toBe(404)
      expect((await service.send('/api/projects', { method: 'POST', headers })).status).toBe(400)
    }
    expect((await post(' ', { 'Content-Type': 'text/plain' })).status).toBe(415)
  })

  it('a PUT without a body is refused, and registers nothing', async () => {
    const projectId = newProjectId()
    const response = await service.send(`/api/projects/${projectId}/config`, { method: 'PUT' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ message: bodyNotObject.text })
    const all = (await (await service.send('/api/projects')).json()) as { id: string }[]
    expect(all.map(({ id }) => id)).not.toContain(projectId)
  })

  it('a DELETE with an empty JSON body is answered as one without', async () => {
    const path = `${personas()}/00000000-0000-4000-8000-000000000000`
    expect((await service.send(path, { method: 'DELETE', headers: json })).status).toBe(404)
  })
})

describe('bodies', () => {
  it.each(['{', '{"name":}', 'name=n', '{"name":"n"}}', "{'name':'n'}", '\u0000'])(
    'of broken JSON are refused with 400: %j',
    async (body) => {
      const response = await post(body)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        code: 'BAD_REQUEST',
        message: bodyNotJson.text,
      })
    },
  )

  it.each(['[]', '"text"', '5', 'null', 'true'])(
    'that are no object are refused with 400: %s',
    async (body) => {
      const response = await post(body)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ message: bodyNotObject.text })
    },
  )

  it.each([
    ['lists', '[],'],
    ['maps', '{},'],
    ['numbers', '0,'],
  ])('of more %s than any operation takes are refused with 400 before they are parsed', async (_, value) => {
    const body = (count: number) => `{"name":"n","junk":[${value.repeat(count)}0]}`
    expect((await post(body(6_000))).status).toBe(201)
    const response = await post(body(300_000))
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { message: bodyOfTooManyValues.text({ max: 20_000 }) },
    ])
    const call = { method: 'POST', headers: json, body: body(300_000) }
    expect((await service.send('/trpc/projects.create', call)).status).toBe(400)
    // What stands within a text is no value.
    expect((await post(JSON.stringify({ name: 'n', systemPrompt: ',[{'.repeat(10_000) }))).status).toBe(201)
  })

  it('that are not UTF-8, or nested beyond reason, are refused with 400', async () => {
    expect((await post(Buffer.from('7b226e616d65223a22ff227d', 'hex'))).status).toBe(400)
    const deep = `{"name":"n","x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`
    expect((await post(deep)).status).toBe(400)
    const brackets = JSON.stringify({ name: '[{'.repeat(90), description: '"\\"[['.repeat(90) })
    expect((await post(brackets)).status).toBe(201)
  })

  it('over 1 MiB are refused with 413, announced or not, in both interfaces', async () => {
    const body = JSON.stringify({ name: 'n', x: 'x'.repeat(1024 * 1024) })
    const response = await post(body)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: bodyTooLarge.text({ mib: 1 }),
    })
    const stream = new Blob([body]).stream()
    const chunked = await service.send(personas(), {
      method: 'POST',
      headers: json,
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
    const trpc = await service.send('/trpc/personas.create', { method: 'POST', headers: json, body })
    expect(trpc.status).toBe(413)
    expect(await trpc.json()).toMatchObject({
      error: {
        message: bodyTooLarge.text({ mib: 1 }),
        data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 },
      },
    })
  })

  it('of exactly 1 MiB are taken', async () => {
    const frame = JSON.stringify({ name: 'n', x: '' })
    const body = JSON.stringify({ name: 'n', x: 'x'.repeat(1024 * 1024 - frame.length) })
    expect(Buffer.byteLength(body)).toBe(1024 * 1024)
    expect((await post(body)).status).toBe(201)
  })

  it('cannot set what the path says, nor what the header says', async () => {
    const projectId = newProjectId()
    const created = await service.client.personas.create.mutate({ projectId, name: 'n' })
    const response = await service.send(`${personas(projectId)}/${created.id}`, {
      method: 'PUT',
      headers: json,
      body: JSON.stringify({ projectId: 'other', id: 'other', ifMatch: 'never', description: 'd' }),
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: created.id, description: 'd' })
  })

  it('with keys such as __proto__ and constructor do no harm', async () => {
    const response = await post(
      '{"name":"n","__proto__":{"description":"p"},"constructor":{"prototype":{"x":1}}}',
    )
    expect(response.status).toBe(201)
    expect(await response.json()).not.toHaveProperty('description')
    expect(Object.prototype).not.toHaveProperty('x')
  })
})

describe('a body that is too large', () => {
  it('is refused by an answer, not by a broken pipe, and the connection goes on', async () => {
    const body = Buffer.alloc(15 * 1024 * 1024 + 1)
    const upload = `/api/projects/${newProjectId()}/images/file?role=upload`
    for (let n = 0; n < 10; n += 1) {
      const response = await service.send(upload, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
        body,
      })
      expect(response.status).toBe(413)
      expect(response.headers.get('connection')).not.toBe('close')
      expect(await response.json()).toMatchObject({ message: bodyTooLarge.text({ mib: 15 }) })
    }
  })
})

describe('a body that is refused before it has come, on a connection that its caller will close', () => {
  it.each(['1.1', '1.0'])('lets the caller send the rest and read its answer (HTTP/%s)', async (version) => {
    const size = 4 * 1024 * 1024
    const head = `POST ${personas()} HTTP/${version}\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`
    const { socket, received } = openRaw(service.url, head)
    let failure: Error | undefined
    socket.on('error', (error) => {
      failure = error
    })
    // The answer is there, and nobody has read it.
    socket.pause()
    await once(socket, 'connect')
    for (let sent = 0; sent < size; sent += size / 16) {
      socket.write(Buffer.alloc(size / 16))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    socket.resume()
    const answer = await received
    expect(failure).toBeUndefined()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })
})

describe('a body that is too large and does not end', () => {
  it('is refused at once, and its connection ends at the time limit', async () => {
    const quick = await startService(undefined, { requestTimeout: 300 })
    const head =
      'POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const { received } = dribble(quick.url, `${head}Content-Length: 99999999\r\n\r\n{`, 50)
    expect(await received).toMatch(/^HTTP\/1\.1 413 /)
    await quick.close()
  })
})

describe('a request that does not arrive whole in time', () => {
  it('is cut with 408, whether its head or its body dribbles', async () => {
    const quick = await startService(undefined, { requestTimeout: 300 })
    const slow = [
      'POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
      'POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n{',
    ]
    for (const answer of await Promise.all(slow.map((bytes) => dribble(quick.url, bytes, 50).received))) {
      expect(expectError(answer, 408)).toMatchObject({ code: 'TIMEOUT' })
    }
    await quick.close()
  })
})

describe('a caller that hangs up', () => {
  it('leaves its place to others', async () => {
    const hangUp = async () => {
      const { socket, received } = openRaw(
        service.url,
        `GET ${personas('gone')} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      )
      socket.once('connect', () => socket.destroySoon())
      await received
    }
    // More than may be under way at once.
    for (let n = 0; n < 22; n += 1) await Promise.all(Array.from({ length: 50 }, hangUp))
    expect((await service.send(personas())).status).toBe(200)
  })
})

describe('methods and paths', () => {
  it.each([
    ['/api/projects/p/personas', 'PATCH', 'GET, HEAD, POST'],
    ['/api/projects/p/personas', 'DELETE', 'GET, HEAD, POST'],
    ['/api/projects/p/personas/12345678', 'POST', 'DELETE, GET, HEAD, PUT'],
    ['/api/projects/p/personas/12345678/generate-image', 'GET', 'POST'],
    ['/api/projects', 'OPTIONS', 'GET, HEAD, POST'],
    ['/api/projects/p', 'GET', 'DELETE'],
    ['/healthz', 'POST', 'GET, HEAD'],
    ['/trpc/personas.get', 'DELETE', 'GET, HEAD, POST'],
    ['/openapi.json', 'PUT', 'GET, HEAD'],
    ['/api/projects/p/personas', 'PROPFIND', 'GET, HEAD, POST'],
    // It is no image of that id.
    ...['GET', 'HEAD', 'DELETE', 'PUT', 'OPTIONS'].map((method): [string, string, string] => [
      '/api/projects/p/images/file',
      method,
      'POST',
    ]),
    ['/api/projects/p/images/file/', 'DELETE', 'POST'],
    ['/api/projects/p/images/file.png', 'POST', 'DELETE, GET, HEAD'],
  ])('%s does not take %s: 405 with Allow', async (path, method, allow) => {
    const response = await service.send(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
    if (method === 'HEAD') expect(await response.text()).toBe('')
    else expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_SUPPORTED' })
  })

  it('a wrong method is 405 before its body is looked at', async () => {
    const response = await service.send(personas(), {
      method: 'PATCH',
      headers: { 'Content-Type': 'a/b' },
      body: 'x',
    })
    expect(response.status).toBe(405)
  })

  it.each([
    '/api',
    '/api/projects/p/people',
    '/API/projects',
    '/api/Projects',
    '/healthz/x',
    '/trpc',
    '//api/projects',
  ])('%s is unknown: 404', async (path) => {
    for (const method of ['GET', 'POST']) {
      const response = await service.send(path, { method })
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('/ leads to the reference', async () => {
    const response = await service.send('/', { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/docs'])
  })

  it('OPTIONS is a wrong method like any other, unless it is a preflight', async () => {
    const response = await service.send('/api/projects', { method: 'OPTIONS' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    expect((await service.send('/nowhere', { method: 'OPTIONS' })).status).toBe(404)
  })

  it('a trailing slash is accepted', async () => {
    const projectId = newProjectId()
    const path = personas(projectId)
    const created = await service.send(`${path}/`, { method: 'POST', headers: json, body: '{"name":"n"}' })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as { id: string }
    expect((await service.send(`${path}/${id}/`)).status).toBe(200)
    expect((await service.send(`${path}/?limit=1`)).status).toBe(200)
    expect((await service.send('/healthz/')).status).toBe(200)
  })

  it('HEAD is answered wherever GET is, with the headers and no body', async () => {
    const projectId = newProjectId()
    const { id, updatedAt } = await service.client.personas.create.mutate({ projectId, name: 'n' })
    for (const path of [
      personas(projectId),
      `${personas(projectId)}/${id}`,
      '/healthz',
      '/openapi.json',
      '/docs',
    ]) {
      const [head, get] = [await service.send(path, { method: 'HEAD' }), await service.send(path)]
      expect(head.status).toBe(200)
      expect(await head.text()).toBe('')
      expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
    const head = await service.send(`${personas(projectId)}/${id}`, { method: 'HEAD' })
    expect(head.headers.get('etag')).toBe(`"${updatedAt}"`)
    expect((await service.send(`${personas(projectId)}/12345678`, { method: 'HEAD' })).status).toBe(404)
  })

  it('path parameters are percent-decoded once', async () => {
    const odd = `100%25 ${newProjectId()}/x`
    const created = await service.client.personas.create.mutate({ projectId: odd, name: 'n' })
    const response = await service.send(`/api/projects/${encodeURIComponent(odd)}/personas/${created.id}`)
    expect(response.status).toBe(200)
    // Decoded twice, this would be the same project.
    const decoded = odd.replace('%25', '%')
    expect(
      (await service.send(`/api/projects/${encodeURIComponent(decoded)}/personas/${created.id}`)).status,
    ).toBe(404)
  })

  it.each([
    '%2e',
    '%2e%2e',
    '%00',
    '%0a',
    '%C2%85',
    '..',
    '.',
    'a'.repeat(129),
    encodeURIComponent('😀'.repeat(129)),
  ])('the project id %s is refused with 400', async (segment) => {
    expectError(await request(`GET /api/projects/${segment}/personas HTTP/1.1`), 400)
  })

  it('a query parameter given twice, or of the wrong kind, is refused with 400', async () => {
    for (const query of [
      'limit=abc',
      'limit=1&limit=2',
      'limit=',
      'limit=1e2',
      'limit=0x10',
      'limit=Infinity',
      'limit=true',
    ]) {
      const response = await service.send(`${personas()}?${query}`)
      expect([query, response.status]).toEqual([query, 400])
    }
    expect((await service.send(`${personas()}?limit=5&unknown=x`)).status).toBe(200)
  })
})

describe('entity tags', () => {
  const tagged = async () => {
    const projectId = newProjectId()
    const created = await service.send(personas(projectId), {
      method: 'POST',
      headers: json,
      body: '{"name":"n"}',
    })
    const { id, updatedAt } = (await created.json()) as { id: string; updatedAt: string }
    return { path: `${personas(projectId)}/${id}`, etag: created.headers.get('etag') ?? '', updatedAt }
  }
  const put = (path: string, body: object, headers: Record<string, string> = {}) =>
    service.send(path, { method: 'PUT', headers: { ...json, ...headers }, body: JSON.stringify(body) })

  it('are the quoted updatedAt on create, get and update', async () => {
    const { path, etag, updatedAt } = await tagged()
    expect(etag).toBe(`"${updatedAt}"`)
    expect((await service.send(path)).headers.get('etag')).toBe(etag)
    const updated = await put(path, { description: 'd' })
    const { updatedAt: later } = (await updated.json()) as { updatedAt: string }
    expect(updated.headers.get('etag')).toBe(`"${later}"`)
    expect(later > updatedAt).toBe(true)
  })

  it('answer 304 without a body when If-None-Match names the version, weakly too, in a list, or by *', async () => {
    const { path, etag } = await tagged()
    for (const value of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const response = await service.send(path, { headers: { 'If-None-Match': value } })
      expect([value, response.status, await response.text(), response.headers.get('etag')]).toEqual([
        value,
        304,
        '',
        etag,
      ])
    }
    expect((await service.send(path, { headers: { 'If-None-Match': '"x"' } })).status).toBe(200)
  })

  it('let PUT and DELETE go ahead for a list or *, and stop them with 412 otherwise', async () => {
    const { path, etag } = await tagged()
    const near = [`foo${etag}`, `w/${etag}`, `${etag}x`, `${etag} ${etag}`, `"x", foo, ${etag}`, `'${etag}'`]
    for (const value of ['"2020-01-01T00:00:00.000Z"', `W/${etag}`, 'nonsense', '""', '', ...near]) {
      expect([value, (await put(path, { description: 'x' }, { 'If-Match': value })).status]).toEqual([
        value,
        412,
      ])
      const refused = await service.send(path, { method: 'DELETE', headers: { 'If-Match': value } })
      expect([value, refused.status]).toEqual([value, 412])
    }
    expect((await (await service.send(path)).json()) as object).not.toHaveProperty('description')
    expect((await put(path, { description: 'd' }, { 'If-Match': '*' })).status).toBe(200)
    const next = (await service.send(path)).headers.get('etag') ?? ''
    const deleted = await service.send(path, { method: 'DELETE', headers: { 'If-Match': `"x" , ${next}` } })
    expect(deleted.status).toBe(204)
    expect(deleted.headers.get('content-type')).toBeNull()
    expect((await put(path, { description: 'd' }, { 'If-Match': '*' })).status).toBe(404)
  })
})

describe('malformed requests', () => {
  it.each([
    ['GET http://[ HTTP/1.1', 400],
    ['GET /%zz HTTP/1.1', 400],
    ['GET /api/projects/%E0%A4%A/personas HTTP/1.1', 400],
    ['OPTIONS * HTTP/1.1', 404],
    ['GET /\\..\\x HTTP/1.1', 404],
    ['CONNECT x:443 HTTP/1.1', 405],
    ['NONSENSE', 400],
    ['GET  HTTP/1.1', 400],
    ['FOO / HTTP/1.1', 400],
    ['PRI * HTTP/2.0', 400],
    ['PRI *$HTTP/2.0', 400],
  ])('%s is answered with %i', async (head, status) => {
    expectError(await request(head), status)
  })

  it('without a Host are answered with 400 in JSON', async () => {
    expectError(await raw('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'), 400)
  })

  it('with too large a head are answered with 431', async () => {
    expectError(await request(`GET /healthz?${'x'.repeat(20_000)} HTTP/1.1`), 431)
  })

  it('with an odd expectation, a wrong length or both lengths are answered', async () => {
    expectError(await request('GET /healthz HTTP/1.1\r\nExpect: the-impossible'), 417)
    expectError(await request('POST /api/projects HTTP/1.1\r\nContent-Length: x'), 400)
    expectError(
      await request('POST /api/projects HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked'),
      400,
    )
  })

  it('with a coding that is not taken off are answered with 400', async () => {
    const head =
      'POST /api/projects HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked'
    expectError(await request(head), 400)
  })

  it('with an absolute target are answered as by its path', async () => {
    const absolute = (path: string) => request(`GET http://localhost${path} HTTP/1.1`)
    expect(await absolute('/trpc/projects.list')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await absolute('/api/projects')).toMatch(/^HTTP\/1\.1 200 /)
    expectError(await request('DELETE http://localhost/api/projects HTTP/1.1'), 405)
  })

  it('with two Host headers are answered with 400', async () => {
    expectError(await request('GET /healthz HTTP/1.1\r\nHost: localhost'), 400)
  })

  it('lose no header, however many there are', async () => {
    const many = Array.from({ length: 2_500 }, () => 'a:').join('\r\n')
    const path = '/api/projects/p/personas/0f9d3c1e-8b7a-4c56-9d21-3e4f5a6b7c8d'
    // Dropped, the If-None-Match of 2,501 headers would leave a 404 all the same: X-Request-Id shows it.
    const answer = await raw(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${many}\r\nX-Request-Id: last\r\n\r\n`,
    )
    expect(answer).toMatch(/^x-request-id: last\r$/im)
  })

  it('leave the process up', async () => {
    await raw('\u0000\u0001\u0002\r\n\r\n')
    await raw('GET / HTTP/9.9\r\n\r\n')
    expect((await service.send('/healthz')).status).toBe(200)
  })
})

describe('tRPC', () => {
  it('takes batches of 100 calls and no more', async () => {
    const batch = (size: number) => {
      const path = Array(size).fill('personas.list').join(',')
      const body = Object.fromEntries(Array.from({ length: size }, (_, n) => [n, { projectId: `p${n}` }]))
      return service.send(`/trpc/${path}?batch=1&input=${encodeURIComponent(JSON.stringify(body))}`)
    }
    const hundred = await batch(100)
    expect(hundred.status).toBe(200)
    expect((await hundred.json()) as unknown[]).toHaveLength(100)
    const more = await batch(101)
    expect([more.status, await more.json()]).toMatchObject([
      400,
      { error: { data: { code: 'BAD_REQUEST', requestId: more.headers.get('x-request-id') } } },
    ])
  })

  it('answers lists within batches, in plain JSON whatever is accepted and whatever personas hold', async () => {
    const projectId = newProjectId()
    const marked = `"list:${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}"`
    for (const name of ['a', marked, 'ü "\\ list:']) {
      await service.client.personas.create.mutate({ projectId, name, systemPrompt: marked })
    }
    const all = (await (await service.send(personas(projectId))).json()) as object[]
    expect(all).toHaveLength(3)
    const inputs = Object.fromEntries(
      [0, 1, 2, 3].map((n) => [n, { projectId, ...(n === 2 && { limit: 2 }) }]),
    )
    const path = '/trpc/personas.list,projects.getConfig,personas.page,personas.list?batch=1&input='
    for (const accept of ['', 'application/jsonl']) {
      const headers = { 'trpc-accept': accept }
      const response = await service.send(path + encodeURIComponent(JSON.stringify(inputs)), { headers })
      const batch = (await response.json()) as { result: { data: unknown } }[]
      expect(batch.map(({ result }) => result.data)).toEqual([
        all,
        { name: projectId },
        { items: all.slice(0, 2), nextCursor: expect.any(String) },
        all,
      ])
    }
  })

  it('answers HEAD with the headers of the answer to GET', async () => {
    const path = '/trpc/projects.list'
    const head = await service.send(path, { method: 'HEAD' })
    const get = await service.send(path)
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect((await service.send('/trpc/nothing', { method: 'HEAD' })).status).toBe(404)
  })

  it('reads procedure names percent-encoded once, so that no name passes by the limit of another', async () => {
    const big = JSON.stringify({ junk: 'x'.repeat(1_100_000) })
    const send = (path: string, body: string) => service.send(path, { method: 'POST', headers: json, body })
    expect((await send('/trpc/images%2Eupload', big)).status).toBe(400)
    expect((await send('/trpc/images%252Eupload', '{}')).status).toBe(404)
    expect((await send('/trpc/images%252Eupload', big)).status).toBe(413)
    expect((await send('/trpc/images.upload,projects.create?batch=1', big)).status).toBe(413)
    expect((await service.send('/trpc/projects%2Elist')).status).toBe(200)
  })

  it('does not mind the type of an empty body', async () => {
    for (const type of [
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'application/json',
    ]) {
      const headers = { 'Content-Type': type }
      const response = await service.send('/trpc/projects.create', { method: 'POST', headers })
      expect(response.status).toBe(400)
    }
  })

  it('has a 431 and a 408 of its own form', async () => {
    const answer = await exchangeRaw(
      service.url,
      `GET /trpc/projects.list HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      error: { data: { code: 'BAD_REQUEST', httpStatus: 431, requestId: 'mine' } },
    })
  })

  it('refuses broken JSON, other types and unknown procedures in its own form', async () => {
    const call = (path: string, type: string, body: string) =>
      service.send(`/trpc/${path}`, { method: 'POST', headers: { 'Content-Type': type }, body })
    const broken = await call('personas.create', 'application/json', '{')
    expect([broken.status, await broken.json()]).toMatchObject([
      400,
      { error: { message: bodyNotJson.text, data: { code: 'BAD_REQUEST' } } },
    ])
    const other = await call('personas.create', 'text/plain', '{}')
    expect([other.status, await other.json()]).toMatchObject([
      415,
      { error: { data: { code: 'UNSUPPORTED_MEDIA_TYPE' } } },
    ])
    expect((await call('personas.nothing', 'application/json', '{}')).status).toBe(404)
    expect((await call('personas.get', 'application/json', '{}')).status).toBe(405)
  })
})

describe('service routes', () => {
  it('tell that the process is up, and that the store answers', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await service.send(path)
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
    }
  })

  it('tell by 503 that the store does not answer, while the process is up', async () => {
    const failing = await startService()
    await failing.store.close()
    expect((await failing.send('/readyz')).status).toBe(503)
    expect((await failing.send('/healthz')).status).toBe(200)
    await failing.close()
  })

  it('count requests by route pattern at /metrics', async () => {
    await service.send(personas('counted'))
    const text = await (await service.send('/metrics')).text()
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/projects\/:projectId\/personas",status="200"\} [1-9]/,
    )
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).toMatch(
      /store_operation_duration_seconds_count\{operation="listPersonas",outcome="ok"\} [1-9]/,
    )
    expect(text).not.toContain('counted')
  })

  it('serve the document and a page that needs no other host', async () => {
    expect((await (await service.send('/openapi.json')).json()) as object).toMatchObject({ openapi: '3.1.0' })
    const page = await service.send('/docs')
    expect(page.headers.get('content-type')).toContain('text/html')
    const html = await page.text()
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
    const script = await service.send('/docs/reference.js')
    expect(script.headers.get('content-type')).toContain('javascript')
    expect((await script.text()).length).toBeGreaterThan(100_000)
  })
})
