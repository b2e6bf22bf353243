import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plain } from '../images/pictures.js'
import { busyGauges, readGauges } from '../support/gauges.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { openRaw } from '../support/raw.js'

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

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`

/** Waits until everything that is counted is given back. */
async function expectNothingHeld(): Promise<void> {
  await expect.poll(() => busyGauges(service.url)).toEqual({})
}

describe('what is counted for a request is given back', () => {
  it('after 1,600 pipelined requests whose sender resets the connection', async () => {
    const socket = await open(get('/healthz').repeat(1_600))
    await delay(50)
    socket.resetAndDestroy()
    await expectNothingHeld()
    expect((await service.send('/healthz')).status).toBe(200)
  })

  it('after 60 pipelined chunked uploads whose sender resets the connection', async () => {
    const path = `/api/projects/${newProjectId()}/images/file?role=upload`
    const upload = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
    const socket = await open(upload.repeat(60))
    await delay(50)
    socket.resetAndDestroy()
    await expectNothingHeld()
    const body = await plain(8, 8).png().toBuffer()
    const response = await service.send(path, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body,
    })
    expect(response.status).toBe(201)
  })

  it('after uploads that wait for their turn are given up', async () => {
    const path = `/api/projects/${newProjectId()}/images/file?role=upload`
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 10000000\r\n\r\nx`
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open(head)))
    await expect.poll(async () => (await readGauges(service.url))['limit_waiting{limit="bodies"}']).toBe(18)
    for (const socket of sockets) socket.resetAndDestroy()
    await expectNothingHeld()
  })

  it('after images are given up while a variant of them is made', async () => {
    const projectId = newProjectId()
    const imageBase64 = (await plain(3_000, 3_000).png().toBuffer()).toString('base64')
    const { value } = await service.rest.call('images.upload', { projectId, imageBase64, role: 'upload' })
    const sockets = await Promise.all(
      [64, 128, 256, 512, 1_024].flatMap((size) =>
        ['png', 'jpeg', 'webp'].map((format) =>
          open(get(`/api/projects/${projectId}/images/${value.id}?size=${size}&format=${format}`)),
        ),
      ),
    )
    await delay(20)
    for (const socket of sockets) socket.resetAndDestroy()
    await expectNothingHeld()
  })

  it('once the work that a caller left behind has ended, and not before', async () => {
    const { services } = service
    let finish: () => void = () => undefined
    services.personas.get = () =>
      new Promise((resolve) => {
        finish = () => resolve({ id: '', name: '', version: 1, createdAt: '', updatedAt: '' })
      })
    const socket = await open(get('/api/projects/p/personas/0f9d3c1e'))
    const used = async () => (await readGauges(service.url))['limit_used{limit="requests"}']
    await expect.poll(used).toBe(1)
    socket.resetAndDestroy()
    await delay(50)
    expect(await used()).toBe(1)
    finish()
    await expectNothingHeld()
  })
})

describe('an answer that nobody reads', () => {
  // Larger than what the system buffers for a connection.
  const large = 'x'.repeat(100_000)

  it.each([
    ['REST', '/api/projects/p/personas'],
    ['tRPC', `/trpc/personas.list?input=${encodeURIComponent('{"projectId":"p"}')}`],
    [
      'a tRPC batch',
      `/trpc/personas.list,personas.list?batch=1&input=${encodeURIComponent('{"0":{"projectId":"p"},"1":{"projectId":"p"}}')}`,
    ],
  ])('of %s is cut after its time, and what it and those behind it held is given back', async (_, path) => {
    const brief = await startService(databases[0], { answerTimeout: 400 })
    try {
      for (let count = 0; count < 100; count += 1) {
        await brief.rest.call('personas.create', { projectId: 'p', name: `n${count}`, systemPrompt: large })
      }
      const { socket, received } = openRaw(brief.url, get(path).repeat(5))
      await once(socket, 'connect')
      socket.pause()
      const lists = 'limit_used{limit="lists"}'
      await expect.poll(async () => (await readGauges(brief.url))[lists]).toBeGreaterThan(5_000_000)
      await expect.poll(() => busyGauges(brief.url)).toEqual({})
      socket.resume()
      expect((await received).length).toBeLessThan(12_000_000)
    } finally {
      await brief.close()
    }
  })
})

describe('pipelined requests', () => {
  it('are answered in their order, an error of what follows them last', async () => {
    const { services } = service
    const listed = services.projects.list.bind(services.projects)
    services.projects.list = async (reach, budget) => {
      await delay(200)
      return listed(reach, budget)
    }
    const { received } = openRaw(service.url, `${get('/api/projects')}no request at all\r\n\r\n`)
    const statuses = [...(await received).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    expect(statuses).toEqual(['200', '400'])
  })
})
