import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../src/app.js'
import { readConfig } from '../../src/config.js'
import { closeGracefully, listen } from '../../src/server/lifecycle.js'
import { createServices } from '../../src/services.js'
import { openStore } from '../../src/store/open.js'
import { type ImagesApi, startImagesApi } from '../portraits/images-api.js'
import { failedStart } from '../security/failed-start.js'
import { openRaw } from '../support/raw.js'
import {
  commands,
  type ServiceProcess,
  spawnService,
  startServiceProcess,
} from '../support/service-process.js'

const command = commands.sources
const json = { 'Content-Type': 'application/json' }
const folder = mkdtempSync(join(tmpdir(), 'personas-lifecycle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let folders = 0
function newFolder(): string {
  folders += 1
  return join(folder, String(folders))
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) })
}

function setKey(url: string, project: string): Promise<Response> {
  const llmSettings = { provider: 'openai', apiKey: 'sk-lifecycle-0123456789' }
  return fetch(`${url}/api/projects/${project}/config`, {
    method: 'PUT',
    headers: json,
    body: JSON.stringify({ llmSettings }),
  })
}

/** The head and half the body of a request, and what is missing. */
const half =
  'POST /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"name"'
const otherHalf = ':"slow"}'

describe('a running service', () => {
  let images: ImagesApi
  const running: ServiceProcess[] = []
  beforeAll(async () => {
    images = await startImagesApi()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop('SIGKILL')))
    images.reset()
  })
  afterAll(() => images.close())

  async function start(env: Record<string, string>): Promise<ServiceProcess> {
    const service = await startServiceProcess({
      env: { OPENAI_BASE_URL: images.url, LOG_LEVEL: 'warn', ...env },
      command,
    })
    running.push(service)
    return service
  }

  /** Begins a portrait that the provider takes a second to draw, or does not draw. */
  async function beginPortrait(url: string): Promise<Promise<Response>> {
    await setKey(url, 'p')
    const created = await post(`${url}/api/projects/p/personas`, { name: 'n', systemPrompt: 's' })
    const { id } = (await created.json()) as { id: string }
    const portrait = fetch(`${url}/api/projects/p/personas/${id}/generate-image`, { method: 'POST' })
    await expect.poll(() => images.requests.length).toBe(1)
    return portrait
  }

  it('takes no more requests after SIGTERM, finishes those that run, and exits 0', async () => {
    images.reply({ kind: 'picture', delayMs: 1_000 })
    const { url, stop, output } = await start({ DATA_DIR: newFolder() })
    const portrait = beginPortrait(url)
    await expect.poll(() => images.requests.length).toBe(1)
    const slow = openRaw(url, half)
    await delay(100)
    const ended = stop('SIGTERM')
    await delay(200)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    slow.socket.write(otherHalf)
    expect(await slow.received).toMatch(/^HTTP\/1\.1 201 /)
    const drawn = await portrait
    expect(drawn.status).toBe(200)
    expect(((await drawn.json()) as { imageUrl: string }).imageUrl).toMatch(/\.png$/)
    // The connections that fetch keeps for later hold nothing up.
    const answered = Date.now()
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(Date.now() - answered).toBeLessThan(2_000)
    expect(output()).not.toMatch(/error/i)
  })

  it('a second signal ends at once', async () => {
    images.reply({ kind: 'hang', when: 'before headers' })
    const { url, stop } = await start({ DATA_DIR: newFolder() })
    beginPortrait(url).catch(() => undefined)
    await expect.poll(() => images.requests.length).toBe(1)
    const ended = stop('SIGTERM')
    await delay(300)
    const second = Date.now()
    void stop('SIGTERM')
    expect(await ended).toEqual({ code: 143, signal: null })
    expect(Date.now() - second).toBeLessThan(1_000)
  })

  it('is told to stop while it starts, and exits 0', async () => {
    const dataDir = newFolder()
    const { child, ended, output } = spawnService({ env: { DATA_DIR: dataDir }, command: commands.built })
    // It opens its store long before it listens.
    while (!existsSync(dataDir)) await delay(1)
    child.kill('SIGTERM')
    expect([await ended, output().match(/error/i)]).toEqual([{ code: 0, signal: null }, null])
  })

  it('does not wait for connections that never asked for anything', async () => {
    const { url, stop } = await start({ DATA_DIR: newFolder() })
    const { socket } = openRaw(url, '')
    await once(socket, 'connect')
    await delay(100)
    const began = Date.now()
    expect(await stop('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(Date.now() - began).toBeLessThan(5_000)
  })

  it('sends an answer that is on its way to its end, and logs it as that', async () => {
    const { url, stop, output } = await start({ DATA_DIR: newFolder(), LOG_LEVEL: 'info' })
    // As JSON, six bytes for each character.
    const systemPrompt = '\u0001'.repeat(100_000)
    for (let count = 0; count < 40; count += 1) {
      expect((await post(`${url}/api/projects/p/personas`, { name: `n${count}`, systemPrompt })).status).toBe(
        201,
      )
    }
    const get = 'GET /api/projects/p/personas HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const { socket, received } = openRaw(url, get)
    await once(socket, 'data')
    socket.pause()
    const ended = stop('SIGTERM')
    await delay(2_000)
    socket.resume()
    const answer = await received
    const length = Number(/content-length: (\d+)/i.exec(answer)?.[1])
    expect(length).toBeGreaterThan(24_000_000)
    expect(answer.length - answer.indexOf('\r\n\r\n') - 4).toBe(length)
    expect(await ended).toEqual({ code: 0, signal: null })
    const line = /"method":"GET","route":"\/api\/projects\/:projectId\/personas","status":(\d+)/.exec(
      output(),
    )
    expect(line?.[1]).toBe('200')
  })

  it('ends after its time with callers that read nothing, and logs what they did not get', async () => {
    const { url, stop, output } = await start({ DATA_DIR: newFolder(), LOG_LEVEL: 'info' })
    const script = 'GET /docs/reference.js HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5)
    const connections = [script, `${script}CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n`].map((bytes) => {
      const { socket } = openRaw(url, bytes)
      socket.pause()
      return socket
    })
    await delay(500)
    const began = Date.now()
    expect(await stop('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(Date.now() - began).toBeGreaterThan(9_000)
    expect(Date.now() - began).toBeLessThan(14_000)
    const lines = output().match(/"route":"\/docs\/reference.js","status":(200|499)/g)
    expect([lines?.length, lines?.at(-1)]).toEqual([10, expect.stringContaining('499')])
    for (const socket of connections) socket.destroy()
  })

  it('goes on, and ends, while nobody reads its log', async () => {
    const { child, output } = spawnService({
      env: { DATA_DIR: newFolder(), LOG_LEVEL: 'info' },
      command: commands.built,
    })
    await expect.poll(output).toMatch(/^Personas API on \S+/m)
    const url = /^Personas API on (\S+)/m.exec(output())?.[1] ?? ''
    child.stdout.pause()
    // Some 400 bytes of log for each, as most are refused: more than the pipe and what may wait for it hold.
    const some = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(899)
    const last = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    for (let round = 0; round < 20; round += 1) await openRaw(url, some + last).received
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    child.stdout.resume()
  })

  it('names the projects whose keys cannot be read, says so where one is needed, and works otherwise', async () => {
    const dataDir = newFolder()
    const first = await start({ DATA_DIR: dataDir })
    expect(await failedStart({ DATA_DIR: dataDir })).toContain('is in use by another running service')
    await setKey(first.url, 'locked')
    const created = await post(`${first.url}/api/projects/locked/personas`, { name: 'n', systemPrompt: 's' })
    const { id } = (await created.json()) as { id: string }
    expect(await first.stop('SIGINT')).toEqual({ code: 0, signal: null })
    const keyFile = join(dataDir, 'secret.key')
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    rmSync(keyFile)
    // The file lost first, then another key in its place; an empty variable counts as none.
    for (const SECRET_KEY of ['', 'b'.repeat(64)]) {
      const { url, output, stop } = await start({ DATA_DIR: dataDir, SECRET_KEY })
      expect(output()).toMatch(/"projects":\["locked"\].*cannot be decrypted/)
      const draw = () => fetch(`${url}/api/projects/locked/personas/${id}/generate-image`, { method: 'POST' })
      const refused = await draw()
      expect(refused.status).toBe(503)
      expect(await refused.json()).toMatchObject({
        reason: 'key_unreadable',
        message: expect.stringContaining('set llmSettings.apiKey of this project again'),
      })
      const config = await fetch(`${url}/api/projects/locked/config`)
      expect(await config.json()).toMatchObject({ llmSettings: { apiKey: 'sk-l...6789' } })
      expect((await fetch(`${url}/api/projects/locked/personas`)).status).toBe(200)
      expect((await setKey(url, 'locked')).status).toBe(200)
      expect((await draw()).status).toBe(200)
      expect((await stop()).code).toBe(0)
    }
  })
})

it('a request that came by another address of the host is finished too', async () => {
  const config = readConfig({ DATA_DIR: newFolder(), LOG_LEVEL: 'silent' })
  const store = await openStore(config)
  const services = createServices(config, store)
  const app = await buildApp({ config, store, services })
  await listen(app, { host: '127.0.0.1', port: 0 })
  // As for each further address of a name.
  const relay = createServer((socket) => app.server.emit('connection', socket)).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const begun = once(app.server, 'request')
  // A TCP server's address is an object.
  const slow = openRaw(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`, half)
  await begun
  const closed = closeGracefully({ app, relays: [relay], portraits: services.portraits, store })
  await delay(200)
  slow.socket.write(otherHalf)
  await closed
  expect(await slow.received).toMatch(/^HTTP\/1\.1 201 /)
})
