import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { diskFull } from '../../src/errors/store.js'
import { openMongoStore } from '../../src/store/mongo/mongo.js'
import { openSqliteStore } from '../../src/store/sqlite/sqlite.js'
import { freshMongoUrl } from '../store/mongo/server.js'
import { startProxy, type TcpProxy } from '../store/tcp-proxy.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { throughBoth } from '../support/matrix.js'

/** A PNG that cannot be made smaller, of about 3 bytes a pixel. */
function noise(side: number): Promise<Buffer> {
  const raw = { width: side, height: side, channels: 3 } as const
  return sharp(randomBytes(side * side * 3), { raw })
    .png()
    .toBuffer()
}

describe('a full disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'personas-full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder]).status === 0
  if (!mounted)
    console.warn('NOT TESTED: a full disk, as a small tmpfs cannot be mounted here (it needs root)')
  afterAll(() => {
    if (mounted) spawnSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  })

  it.skipIf(!mounted)(
    'refuses writes with 503 storage_full, goes on reading, and recovers by itself',
    async () => {
      const ballast = join(folder, 'ballast')
      writeFileSync(ballast, Buffer.alloc(1024 * 1024))
      const service = await startService({
        name: 'SQLite',
        open: async () => openSqliteStore(join(folder, 'data')),
      })
      const projectId = newProjectId()
      const systemPrompt = 'x'.repeat(100_000)
      const create = (name: string) => service.rest.call('personas.create', { projectId, name, systemPrompt })
      const stored: string[] = []
      let outcome = await create('0')
      for (let count = 1; outcome.status === 201; count += 1) {
        stored.push(outcome.value.name)
        outcome = await create(String(count))
      }
      expect(outcome).toMatchObject({
        status: 503,
        reason: 'storage_full',
        message: diskFull.text,
      })
      expect(outcome.headers?.get('retry-after')).toBe('30')
      expect(
        await service.trpc.call('personas.create', { projectId, name: 't', systemPrompt }),
      ).toMatchObject({ status: 503, reason: 'storage_full', retryAfter: 30 })
      // Larger than the database's cache: it meets the end of the disk in the middle of the statement.
      const imageBase64 = (await noise(1_000)).toString('base64')
      for (const caller of [service.rest, service.trpc]) {
        const upload = await caller.call('images.upload', { projectId, imageBase64, role: 'upload' })
        expect(upload).toMatchObject({ status: 503, reason: 'storage_full' })
      }
      expect((await service.rest.call('images.list', { projectId })).value).toEqual({ ids: [] })
      const listed = async () =>
        (await service.rest.call('personas.list', { projectId })).value.map(
          ({ name }: { name: string }) => name,
        )
      expect(await listed()).toEqual(stored)
      expect((await service.send('/readyz')).status).toBe(200)
      rmSync(ballast)
      const recovered = await create('recovered')
      expect(recovered.status).toBe(201)
      expect(await listed()).toEqual([...stored, 'recovered'])
      await service.close()
    },
  )
})

const mongo = inject('mongo')
const [, server = '', rest = ''] =
  'unavailable' in mongo
    ? []
    : (/^mongodb:\/\/(?:127\.0\.0\.1|localhost):(\d+)(.*)$/.exec(freshMongoUrl(mongo.url)) ?? [])

// Only a single server of this machine can be put behind the proxy.
describe.skipIf(server === '')('a MongoDB that goes away while the service runs', () => {
  const projectId = newProjectId()
  let proxy: TcpProxy
  let service: Running
  let longest = 0
  beforeAll(async () => {
    proxy = await startProxy(Number(server))
    const direct = `mongodb://127.0.0.1:${proxy.port}${rest}${rest.includes('?') ? '&' : '?'}directConnection=true`
    service = await startService({ name: 'MongoDB', open: () => openMongoStore(direct) })
    await service.rest.call('personas.create', { projectId, name: 'before' })
  })
  afterAll(async () => {
    await proxy.restore()
    await service.close()
    await proxy.cut()
    console.log(`Longest recovery after MongoDB was back: ${longest} ms`)
  })

  it.each(['cut', 'hang'] as const)(
    '(%s) is 503 within 5 s and not ready, the process stays up, and it comes back by itself',
    async (way) => {
      await proxy[way]()
      const started = Date.now()
      const outcomes = await Promise.all([
        service.rest.call('personas.list', { projectId }),
        service.trpc.call('personas.list', { projectId }),
        service.rest.call('personas.create', { projectId, name: `lost-${way}` }),
        service.rest.call('projects.getConfig', { projectId }),
      ])
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' })
      const [list] = outcomes
      expect(list?.headers?.get('retry-after')).toBe('5')
      const ready = await service.send('/readyz')
      expect(ready.status).toBe(503)
      expect(Date.now() - started).toBeLessThan(10_000)
      expect((await service.send('/healthz')).status).toBe(200)
      await proxy.restore()
      const back = Date.now()
      while ((await service.send('/readyz')).status !== 200) await delay(50)
      longest = Math.max(longest, Date.now() - back)
      expect((await service.rest.call('personas.create', { projectId, name: `after-${way}` })).status).toBe(
        201,
      )
      expect(Date.now() - back).toBeLessThan(10_000)
    },
  )
})

describe('a clock that goes back', () => {
  throughBoth('personas', (caller) => {
    it('keep their order, and their versions grow', async () => {
      const projectId = newProjectId()
      const { value: first } = await caller().call('personas.create', { projectId, name: 'first' })
      const hourAgo = Date.now() - 3_600_000
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => hourAgo)
      try {
        await caller().call('personas.create', { projectId, name: 'second' })
        const { value: changed } = await caller().call('personas.update', {
          projectId,
          id: first.id,
          description: 'd',
        })
        expect(changed.updatedAt > first.updatedAt).toBe(true)
        const { value: again } = await caller().call('personas.update', {
          projectId,
          id: first.id,
          description: 'e',
        })
        expect(again.updatedAt > changed.updatedAt).toBe(true)
      } finally {
        clock.mockRestore()
      }
      await caller().call('personas.create', { projectId, name: 'third' })
      const { value: list } = await caller().call('personas.list', { projectId })
      expect(list.map(({ name }: { name: string }) => name)).toEqual(['first', 'second', 'third'])
    })
  })
})
