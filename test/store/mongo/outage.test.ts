import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { type MongoStore, openMongoStore } from '../../../src/store/mongo/mongo.js'
import { insert, listOf, newImage, newPersona, T0 } from '../samples.js'
import { startProxy, type TcpProxy } from '../tcp-proxy.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const [, address = '', port, rest = ''] =
  /^mongodb:\/\/((?:127\.0\.0\.1|localhost):(\d+))(.*)$/.exec(freshMongoUrl(mongo.url)) ?? []

// Only a single server of this machine can be put behind the proxy.
describe.skipIf(address === '')('a MongoDB that goes away', () => {
  const project = randomUUID()
  let proxy: TcpProxy
  let store: MongoStore
  beforeAll(async () => {
    proxy = await startProxy(Number(port))
    // Direct: a replica set would name its members, past the proxy.
    const direct = `${rest}${rest.includes('?') ? '&' : '?'}directConnection=true`
    store = await openMongoStore(`mongodb://127.0.0.1:${proxy.port}${direct}`)
  })
  afterAll(async () => {
    await proxy.restore()
    await store.close()
    await proxy.cut()
  })

  async function expectOutage(): Promise<void> {
    const calls: Promise<unknown>[] = [
      store.ping(),
      store.findPersona(project, randomUUID()),
      listOf(store, project, { limit: 10 }),
      store.insertPersona(project, newPersona(), T0),
      store.updatePersona(project, randomUUID(), { name: 'x', now: T0 }),
      store.insertImage(project, newImage('upload', 1_000_000)),
      store.storePortrait(project, randomUUID(), { image: newImage(), now: T0 }),
      store.findImage(project, newImage().id),
      store.listNewestImageIds(project, 'upload', 16),
      store.deleteProject(randomUUID()),
    ]
    const started = Date.now()
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'SERVICE_UNAVAILABLE',
          retryAfter: 5,
          message: expect.stringMatching(/^The database/),
        },
      })
    }
    expect(Date.now() - started).toBeLessThan(5_000)
  }

  async function expectRecovery(): Promise<void> {
    await vi.waitFor(() => store.ping(), { timeout: 15_000, interval: 200 })
    const { id } = await insert(store, project)
    expect(await store.findPersona(project, id)).not.toBeNull()
  }

  it('is unavailable within 5 s when it refuses connections, and comes back by itself', async () => {
    await insert(store, project)
    await proxy.cut()
    await expectOutage()
    await proxy.restore()
    await expectRecovery()
  })

  it('is unavailable within 5 s when it hangs, and comes back by itself', async () => {
    await insert(store, project)
    proxy.hang()
    await expectOutage()
    await proxy.restore()
    await expectRecovery()
  })
})
