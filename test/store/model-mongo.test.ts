import fc from 'fast-check'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { type MongoStore, openMongoStore } from '../../src/store/mongo/mongo.js'
import { type CommandFault, type FaultyConnection, startFaultyConnection } from './faulty-connection.js'
import { KEPT } from './model.js'
import {
  type FaultyStore,
  failEverywhere,
  MODEL_RUNS,
  MODEL_TIMEOUT,
  runAnySteps,
  sampleSteps,
} from './model-run.js'
import { freshMongoUrl } from './mongo/server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const url = freshMongoUrl(mongo.url)
const [, address = '', port, rest = ''] =
  /^mongodb:\/\/((?:127\.0\.0\.1|localhost):(\d+))(.*)$/.exec(url) ?? []

// The driver repeats some commands once: two in a row fail for good. One that took effect is not repeated unseen.
const usualFaults = [
  { when: 'before', count: 2 },
  { when: 'after', count: 1 },
] as const
const everyFault = [...usualFaults, { when: 'before', count: 1 }, { when: 'after', count: 2 }] as const

// Only a single server of this machine can be put behind the proxy.
describe.skipIf(address === '')(`MongoDB (${mongo.kind}) whose connections end agrees with the model`, () => {
  let proxy: FaultyConnection | undefined
  let opened: MongoStore | undefined
  const client = new MongoClient(url)
  const given = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The store is not open')
    return value
  }
  const faulty: FaultyStore<CommandFault> = {
    atOnce: false,
    store: () => given(opened),
    arm: (fault) => given(proxy).arm(fault),
    disarm() {
      const failed = given(proxy).disarm()
      return { failed, unknown: failed.length > 0 }
    },
    async recover() {
      await vi.waitFor(() => given(opened).ping(), { timeout: 10_000, interval: 10 })
      await given(opened).sweep(0)
    },
    async storedVersions(project) {
      // Not through the store, which leaves out what is no history.
      const versions = client.db().collection<{ id: string; version: number }>('versions')
      const found = await versions.find({ projectId: project }).toArray()
      return found.map(({ id, version }) => ({ id, version }))
    },
    async reopen() {
      await given(opened).close()
      await open()
    },
  }
  async function open() {
    // Direct: a replica set would name its members, past the proxy. The driver looks for the server again soon.
    const options = 'directConnection=true&minHeartbeatFrequencyMS=10'
    opened = await openMongoStore(
      `mongodb://127.0.0.1:${given(proxy).port}${rest}${rest.includes('?') ? '&' : '?'}${options}`,
      { versionsKept: KEPT },
    )
  }
  beforeAll(async () => {
    proxy = await startFaultyConnection(Number(port))
    await open()
  })
  afterAll(async () => {
    await opened?.close()
    await client.close()
    await proxy?.close()
  })

  it.each(Object.entries(sampleSteps))(
    'at every command of: %s',
    async (_, commands) => {
      for (const { when, count } of MODEL_RUNS > 0 ? everyFault : usualFaults) {
        const tried = await failEverywhere(faulty, commands, (at) => ({ at, count, when }))
        expect(tried).toBeGreaterThan(0)
      }
    },
    MODEL_TIMEOUT,
  )

  const fault: fc.Arbitrary<CommandFault> = fc.record({
    at: fc.nat(12),
    count: fc.integer({ min: 1, max: 3 }),
    when: fc.constantFrom('before', 'after'),
  })
  it('in any order of steps', () => runAnySteps(faulty, fault, 10), MODEL_TIMEOUT)
})
