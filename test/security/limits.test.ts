import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serverBusy } from '../../src/errors/requests.js'
import { readGauges } from '../support/gauges.js'
import { type Running, startService } from '../support/helper.js'
import { exchangeRaw, openRaw } from '../support/raw.js'

/** Of one caller; others have the rest of the thousand. */
const CONCURRENT = 750
const CONNECTIONS = 4_096

let service: Running
beforeEach(async () => {
  service = await startService()
})
afterEach(() => service.close())

/** A connection that has sent these bytes. */
async function open(bytes: string): Promise<Socket> {
  const { socket } = openRaw(service.url, bytes)
  await once(socket, 'connect')
  return socket
}

const unfinished =
  'POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{'

describe('requests under way', () => {
  it(`are ${CONCURRENT} at most: beyond them 503 with Retry-After, in both interfaces, until some are done`, async () => {
    const sockets = await Promise.all(Array.from({ length: CONCURRENT }, () => open(unfinished)))
    const overloaded = {
      message: serverBusy.text,
      reason: 'overloaded',
    }
    // Some runtimes take a new connection before they have read the others.
    await expect.poll(async () => (await service.send('/docs')).status).toBe(503)
    for (const path of ['/api/projects', '/docs', '/nowhere']) {
      const response = await service.send(path)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(response.headers.get('x-request-id')).toBeTruthy()
      expect(await response.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE', ...overloaded })
    }
    expect(await service.trpc.call('projects.list', {})).toMatchObject({
      status: 503,
      retryAfter: 1,
      ...overloaded,
    })
    // Who looks after the service sees how it is.
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await service.send(path)).status).toBe(200)
    }
    // Callers that hang up make room, whether they were answered or not.
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await service.send('/api/projects')).status).toBe(200)
    const again = await Promise.all(Array.from({ length: CONCURRENT - 1 }, () => open(unfinished)))
    expect((await service.send('/api/projects')).status).toBe(200)
    for (const socket of again) socket.destroy()
  })
})

it('questions how the service is take no place of other requests', async () => {
  const probes = ['/healthz', '/readyz', '/metrics'].map(
    (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  )
  const probing = async () => {
    const socket = await open(probes.join('').repeat(33))
    socket.pause()
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: 20 }, probing))
  for (let asked = 0; asked < 10; asked += 1) {
    expect(await readGauges(service.url)).toMatchObject({ 'limit_used{limit="requests"}': 0 })
  }
  for (const socket of sockets) socket.destroy()
})

it(`connections are ${CONNECTIONS} at most: beyond them the oldest idle one ends`, async () => {
  const half = 'GET /healthz HTTP/1.1\r\nHost: '
  const busy = await open(unfinished)
  const sockets: Socket[] = []
  for (let count = 1; count < CONNECTIONS; count += 1) sockets.push(await open(half))
  const ended = () => sockets.flatMap(({ closed }, index) => (closed ? [index] : []))
  await delay(200)
  expect(ended()).toEqual([])
  const answers = Array.from({ length: 3 }, () =>
    exchangeRaw(service.url, `${half}localhost\r\nConnection: close\r\n\r\n`),
  )
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  // Ended at once, long before its time to send a request is over.
  await expect.poll(() => ended().slice(0, 1)).toEqual([0])
  expect([ended().length <= 3, busy.closed]).toEqual([true, false])
  for (const socket of [busy, ...sockets]) socket.destroy()
}, 30_000)

it('words that are no method are one in the metrics', async () => {
  const words = ['QWERTYUIOP', 'ASDF', 'BREW', 'get']
  for (const word of [...words, 'PATCH']) {
    expect(await exchangeRaw(service.url, `${word} / HTTP/9.9\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
  }
  const metrics = await (await service.send('/metrics')).text()
  const counted = metrics.matchAll(
    /^http_request_duration_seconds_count\{method="(\w+)",.*status="400"\} (\d+)$/gm,
  )
  expect([...counted].map(([, method, count]) => [method, Number(count)])).toEqual([
    ['other', words.length],
    ['PATCH', 1],
  ])
})

describe('bytes that two parsers may read in two ways (RFC 9112 §11.2)', () => {
  const post = (headers: string, body = '') =>
    `POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}\r\n${body}`
  const hidden = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

  it.each([
    ['both lengths', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`)],
    [
      'both lengths, the other way round',
      post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`),
    ],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 36\r\n', hidden)],
    ['a signed length', post('Content-Length: +0\r\n', hidden)],
    ['a list of lengths', post('Content-Length: 0, 36\r\n', hidden)],
    ['chunked not last', post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${hidden}`)],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hidden}`)],
    ['a space before the colon', post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${hidden}`)],
    ['a chunk length that is none', post('Transfer-Encoding: chunked\r\n', `0x0\r\n\r\n${hidden}`)],
    ['a line that ends with a bare CR', post('X: a\rContent-Length: 0\r\n', hidden)],
    ['a folded line', post('X: a\r\n\tContent-Length: 0\r\n', hidden)],
  ])('%s: one error, and the connection ends', async (_, bytes) => {
    const { received } = openRaw(service.url, bytes)
    const answer = await received
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    expect(answer).toMatch(/x-request-id: /i)
  })

  it('a header is not made from a request id or a path', async () => {
    const { received } = openRaw(
      service.url,
      'GET /api/projects/p%0d%0aSet-Cookie:%20a=b/personas?limit=1&cursor=%0d%0aX-Made:%201 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a b\r\nConnection: close\r\n\r\n',
    )
    const answer = await received
    expect(answer).not.toMatch(/^(Set-Cookie|X-Made):/im)
    expect(answer).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/im)
  })

  it('HEAD is answered without a body even where its headers are too large', async () => {
    const { received } = openRaw(
      service.url,
      `HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    const answer = await received
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer.indexOf('\r\n\r\n')).toBe(answer.length - 4)
  })

  it('TRACE sends nothing back of what it was sent', async () => {
    const { received } = openRaw(
      service.url,
      'TRACE /healthz HTTP/1.1\r\nHost: localhost\r\nX-Secret: hush\r\nConnection: close\r\n\r\n',
    )
    const answer = await received
    expect(answer).toMatch(/^HTTP\/1\.1 405 /)
    expect(answer).not.toContain('hush')
  })
})
