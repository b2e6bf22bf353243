import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Persona } from '../../../src/personas/schema.js'
import { searchText } from '../../../src/personas/search.js'
import { openMongoStore } from '../../../src/store/mongo/mongo.js'
import type { Store } from '../../../src/store/store.js'
import { found } from '../contract-finding.js'
import { type FaultyMongo, startFaultyMongo } from '../faulty-mongo.js'
import { type Asked, expectedOf } from '../finding-model.js'
import { listOf, range, storedPersona, T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
// Only a single server of this machine can be put behind the proxy.
const reachable =
  /^mongodb:\/\/(127\.0\.0\.1|localhost):\d+\//.test(mongo.url) &&
  !mongo.lacks.includes('ends of statements whose connection is cut')

/** More than are filled in one step. */
const COUNT = 130
const asked: (Asked & { limit: number })[] = [
  { q: 'PERSONA', limit: 1_000 },
  { q: 'sona 37', sort: '-createdAt', limit: 5 },
  { q: 'nowhere', limit: 5 },
]

describe.skipIf(!reachable)('documents of an earlier version that are being filled', () => {
  const url = freshMongoUrl(mongo.url)
  const client = new MongoClient(url)
  const personas = client.db().collection('personas')
  const project = randomUUID()
  let faulty: FaultyMongo
  let elsewhere: Store
  beforeAll(async () => {
    faulty = await startFaultyMongo(url)
    elsewhere = await openMongoStore(url)
    const records = range(COUNT).map((n) => ({
      projectId: project,
      persona: storedPersona({ name: `Persóna ${n}` }, T0 + n),
    }))
    await elsewhere.transfer.personas.append(records)
  })
  afterAll(async () => {
    await elsewhere.close()
    await client.close()
    await faulty.close()
  })
  beforeEach(() => forget({}))

  /** Makes documents as earlier versions stored them. */
  async function forget(which: object) {
    await personas.updateMany({ projectId: project, ...which }, { $unset: { search: '', tagKeys: '' } })
  }

  async function everyPersona(): Promise<Persona[]> {
    const page = await listOf(elsewhere, project, { limit: 2 * COUNT })
    return page === 'bad-cursor' ? [] : page.items
  }

  /** Every search finds what is there, each persona once, and the documents say what they are found by. */
  async function findsAll(store: Store): Promise<void> {
    const all = await everyPersona()
    for (const each of asked) expect(await found(store, project, each)).toEqual(expectedOf(all, each))
    const texts = await personas.find({ projectId: project }, { sort: { createdAt: 1 } }).toArray()
    expect(texts.map(({ search }) => search)).toEqual(all.map((each) => searchText(each)))
  }

  /** Searches at once, of which each may fail as one does that a caller may repeat, but finds nothing wrong. */
  async function searchAtOnce(store: Store): Promise<void> {
    const all = await everyPersona()
    const searches = asked.map(async (each) => {
      const outcome = await found(store, project, each).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
      else expect(outcome).toEqual(expectedOf(all, each))
    })
    await Promise.all(searches)
  }

  const searchOnce = (store: Store) => found(store, project, { q: 'persona', limit: 1_000 })

  /** Opens a store on the way with faults; each begins without what another has filled. */
  async function onFaulty(act: (store: Store) => Promise<void>): Promise<void> {
    const store = await openMongoStore(faulty.url)
    try {
      await act(store)
    } finally {
      faulty.heal()
      await store.close()
    }
  }

  /** How many commands a first search sends. */
  async function countCommands(): Promise<number> {
    let count = 0
    await onFaulty(async (store) => {
      const before = faulty.commands()
      await searchOnce(store)
      count = faulty.commands() - before
    })
    await forget({})
    return count
  }

  it('are all found once, whichever command fails meanwhile', async () => {
    const count = await countCommands()
    expect(count).toBeGreaterThan(4)
    for (const skip of range(count)) {
      for (const when of ['before', 'after'] as const) {
        await onFaulty(async (store) => {
          // Twice, as the driver repeats what it can.
          for (const _ of range(2)) faulty.failNext({ when, skip })
          await searchAtOnce(store)
          faulty.heal()
          await findsAll(store)
        })
        await forget({})
      }
    }
  }, 120_000)

  it('are all found once by the process that follows one that ended meanwhile', async () => {
    for (const skip of range(await countCommands())) {
      await onFaulty(async (store) => {
        faulty.interrupt(skip, () => store.close())
        await searchAtOnce(store)
      })
      await onFaulty(findsAll)
      await forget({})
    }
  }, 60_000)

  it('are found as they are now where another process changes them meanwhile', async () => {
    const [changed, touched, deleted] = (await everyPersona()).slice(110)
    for (const skip of range(await countCommands())) {
      await onFaulty(async (store) => {
        faulty.interrupt(skip, async () => {
          const now = T0 + 10_000 + skip
          await elsewhere.updatePersona(project, changed?.id ?? '', { name: `persona new ${skip}`, now })
          // As an earlier version does, that knows nothing of texts.
          const lacking = { projectId: project, id: touched?.id, search: { $exists: false } }
          const later = { name: `persona of old ${skip}`, updatedAt: new Date(now) }
          await personas.updateOne(lacking, { $set: later })
          if (skip === 1) await elsewhere.deletePersona(project, deleted?.id ?? '')
        })
        await searchOnce(store)
        await findsAll(store)
      })
      await forget({})
    }
  }, 60_000)

  it('are filled by two processes at once', async () => {
    for (const skip of range(await countCommands())) {
      await onFaulty(async (store) => {
        const other = await openMongoStore(url)
        faulty.interrupt(skip, async () => void (await searchOnce(other)))
        expect(await searchOnce(store)).toHaveLength((await everyPersona()).length)
        await findsAll(store)
        await other.close()
      })
      await forget({})
    }
  }, 60_000)
})
