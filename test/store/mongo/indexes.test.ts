import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { describe, inject, it, type TestContext } from 'vitest'
import { openMongoStore } from '../../../src/store/mongo/mongo.js'
import { nextOrderKey } from '../../../src/store/mongo/order.js'
import { commands, spawnService, temporaryFolder } from '../../support/service-process.js'
import { found } from '../contract-finding.js'
import { type FaultyMongo, startFaultyMongo } from '../faulty-mongo.js'
import { T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const { url: anyUrl } = mongo
// Only a single server of this machine can be put behind the proxy.
const reachable = /^mongodb:\/\/(127\.0\.0\.1|localhost):\d+\//.test(anyUrl)

type After = TestContext['onTestFinished']

/** A database with the indexes of an earlier version, and a way to it. */
async function earlierDatabase(after: After) {
  const url = freshMongoUrl(anyUrl)
  const client = new MongoClient(url)
  const faulty = await startFaultyMongo(url)
  after(async () => {
    await client.close()
    await faulty.close()
  })
  const personas = client.db().collection<{ _id: string }>('personas')
  await personas.createIndexes([{ name: 'project_order', key: { projectId: 1, createdAt: 1, _id: 1 } }])
  const at = new Date(T0)
  const persona = {
    projectId: 'p',
    id: randomUUID(),
    name: 'one',
    tags: ['Angry'],
    createdAt: at,
    updatedAt: at,
  }
  await personas.insertOne({ _id: nextOrderKey(), ...persona })
  const indexes = async () => (await personas.indexes()).map(({ name }) => name)
  return { url, faulty, indexes }
}

/** Opens a store, and says what it waited for and how long, in ms. */
async function open({ url }: FaultyMongo, after: After) {
  const waits: string[] = []
  const began = Date.now()
  const store = await openMongoStore(url, { onWait: (what) => waits.push(what) })
  after(() => store.close())
  return { store, waits, ms: Date.now() - began }
}

const waiting = 'MongoDB builds indexes of personas'
const added = ['project_name', 'project_updated', 'project_tag']

// Each waits most of its time.
describe.skipIf(!reachable)('a MongoDB that takes long to build an index', { concurrent: true }, () => {
  it('is waited for beyond the time in which a connection may be silent', async ({
    onTestFinished,
    expect,
  }) => {
    const { faulty, indexes } = await earlierDatabase(onTestFinished)
    faulty.buildIndexes(5_500)
    const { store, waits, ms } = await open(faulty, onTestFinished)
    expect(ms).toBeGreaterThan(5_300)
    expect(waits).toEqual([waiting])
    expect(await indexes()).toEqual(expect.arrayContaining(added))
    expect(await found(store, 'p', { q: 'ONE', sort: '-updatedAt', limit: 5 })).toHaveLength(1)
  })

  it('is waited for where another process asked for the index', async ({ onTestFinished, expect }) => {
    const { url, faulty } = await earlierDatabase(onTestFinished)
    await (await openMongoStore(url)).close()
    faulty.buildIndexes(1_000)
    const { waits, ms } = await open(faulty, onTestFinished)
    expect(ms).toBeGreaterThan(900)
    expect(waits).toEqual([waiting])
  })

  it('is asked again where that came to nothing', async ({ onTestFinished, expect }) => {
    const { faulty, indexes } = await earlierDatabase(onTestFinished)
    faulty.buildIndexes(2_000, { fails: true })
    const { waits } = await open(faulty, onTestFinished)
    expect(waits).toEqual([waiting])
    expect(await indexes()).toEqual(expect.arrayContaining(added))
  })

  it('is not waited for by a service that is told to stop', async ({ onTestFinished, expect }) => {
    const { url, faulty } = await earlierDatabase(onTestFinished)
    await (await openMongoStore(url)).close()
    faulty.buildIndexes(60_000)
    const env = { MONGODB_URL: faulty.url, DATA_DIR: temporaryFolder() }
    const { child, output, ended } = spawnService({ env, command: commands.sources })
    const said = `personas-api: ${waiting}; the service starts when that is done\n`
    await expect.poll(output, { timeout: 25_000 }).toBe(said)
    child.kill('SIGTERM')
    const told = Date.now()
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(Date.now() - told).toBeLessThan(5_000)
  }, 40_000)
})
