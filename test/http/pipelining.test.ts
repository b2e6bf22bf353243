import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { busyGauges, readGauges } from '../support/gauges.js'
import { type Running, startService } from '../support/helper.js'
import { openRaw } from '../support/raw.js'

/** Requests of one connection that may be under way at once. */
const PIPELINED = 100

let service: Running
beforeEach(async () => {
  service = await startService()
})
afterEach(() => service.close())

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
const connect = 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n'
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

/** Holds the list of projects back until `finish` is called. */
function holdProjects(): { finish: () => void } {
  const { projects } = service.services
  const listed = projects.list.bind(projects)
  let finish: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    finish = resolve
  })
  projects.list = async (reach, budget) => {
    await held
    return listed(reach, budget)
  }
  return { finish: () => finish() }
}

const used = async () => (await readGauges(service.url))['limit_used{limit="requests"}']

describe('pipelined requests', () => {
  it(`are ${PIPELINED} under way at most: the others are 503 in their turn, and leave the places to other callers`, async () => {
    const { finish } = holdProjects()
    const last = get('/nowhere', 'Connection: close\r\n')
    const { received } = openRaw(service.url, get('/api/projects') + get('/nowhere').repeat(1_499) + last)
    await expect.poll(used).toBe(PIPELINED)
    expect((await service.send('/api/projects/p/personas')).status).toBe(200)
    finish()
    const text = await received
    const refused = Array.from({ length: 1_401 }, () => 503)
    expect(statuses(text)).toEqual([200, ...Array.from({ length: PIPELINED - 1 }, () => 404), ...refused])
    expect(text.match(/"reason":"overloaded"/g)).toHaveLength(refused.length)
    expect(await busyGauges(service.url)).toEqual({})
    const metrics = await (await service.send('/metrics')).text()
    const counted = metrics.matchAll(/_count\{method="GET",route="[^"]*",status="503"\} (\d+)/g)
    expect([...counted].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(refused.length)
  })

  it('give their places back when their sender resets the connection', async () => {
    const { finish } = holdProjects()
    const { socket, received } = openRaw(service.url, get('/api/projects').repeat(1_500) + connect)
    await expect.poll(used).toBe(PIPELINED)
    socket.resetAndDestroy()
    await received
    finish()
    await expect.poll(() => busyGauges(service.url)).toEqual({})
  })
})

describe('a CONNECT', () => {
  it.each([
    ['a request that takes a while', '/api/projects', [200, 405]],
    ['a request that is refused', '/nowhere', [404, 405]],
  ])('after %s is answered after it', async (_, path, expected) => {
    const { finish } = holdProjects()
    const { received } = openRaw(service.url, get(path) + connect)
    await delay(100)
    finish()
    expect(statuses(await received)).toEqual(expected)
    expect(await busyGauges(service.url)).toEqual({})
  })

  it('after an answer that ends the connection is not answered', async () => {
    const { received } = openRaw(service.url, get('/nowhere', 'Connection: close\r\n') + connect)
    expect(statuses(await received)).toEqual([404])
  })

  it('lets a large answer before it arrive whole, made of one piece or of several', async () => {
    const prompt = 'x'.repeat(100_000)
    for (let count = 0; count < 60; count += 1) {
      await service.rest.call('personas.create', { projectId: 'p', name: `n${count}`, systemPrompt: prompt })
    }
    const input = encodeURIComponent('{"0":{"projectId":"p"},"1":{"projectId":"p"}}')
    for (const path of [
      '/api/projects/p/personas',
      `/trpc/personas.list,personas.list?batch=1&input=${input}`,
    ]) {
      const { socket, received } = openRaw(service.url, get(path) + connect)
      socket.pause()
      await delay(300)
      socket.resume()
      const text = await received
      expect(text.length).toBeGreaterThan(6_000_000)
      expect(statuses(text)).toEqual([200, 405])
    }
  }, 20_000)
})

it('an Upgrade is a request like any other, and is answered in its turn', async () => {
  const { finish } = holdProjects()
  const upgrade = get('/nowhere', 'Connection: Upgrade, close\r\nUpgrade: websocket\r\n')
  const { received } = openRaw(service.url, get('/api/projects') + upgrade)
  await delay(100)
  finish()
  expect(statuses(await received)).toEqual([200, 404])
})
