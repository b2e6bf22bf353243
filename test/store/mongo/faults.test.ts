import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { describe, expect, inject, it } from 'vitest'
import { type MongoStore, openMongoStore } from '../../../src/store/mongo/mongo.js'
import { type FaultyMongo, startFaultyMongo } from '../faulty-mongo.js'
import { insert, listOf, newImage, newPersona, range, T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const { url } = mongo
// Only a single server of this machine can be put behind the proxy.
const reachable = /^mongodb:\/\/(127\.0\.0\.1|localhost):\d+\//.test(url)

/** A project with a persona that shows a portrait, and how it is seen past the faults. */
interface Scene {
  faulty: FaultyMongo
  store: MongoStore
  /** Opens the store of another process, past the faults. */
  elsewhere(): Promise<MongoStore>
  project: string
  id: string
  notes(): Promise<number>
  /** How many versions are stored, and how many deletions are noted. */
  versions(): Promise<number>
  removals(): Promise<number>
  close(): Promise<void>
}

async function newScene(): Promise<Scene> {
  const database = freshMongoUrl(url)
  const faulty = await startFaultyMongo(database)
  const store = await openMongoStore(faulty.url)
  const client = new MongoClient(database)
  const project = randomUUID()
  const { id } = await insert(store, project)
  await store.storePortrait(project, id, { image: newImage(), now: T0 })
  return {
    faulty,
    store,
    elsewhere: () => openMongoStore(database),
    project,
    id,
    notes: () => client.db().collection('portraitChanges').countDocuments(),
    versions: () => client.db().collection('versions').countDocuments(),
    removals: () => client.db().collection('historyRemovals').countDocuments(),
    async close() {
      await store.close()
      await client.close()
      await faulty.close()
    },
  }
}

type Act = (scene: Scene) => Promise<void>

/** How many commands an act sends. */
async function countCommands(act: Act): Promise<number> {
  const scene = await newScene()
  const before = scene.faulty.commands()
  await act(scene)
  const count = scene.faulty.commands() - before
  await scene.close()
  return count
}

/** Runs an act once for every command it sends and either side of it, with that command failing. */
async function atEveryCommand(act: Act): Promise<void> {
  const count = await countCommands(act)
  const faults = range(count).flatMap((skip) =>
    (['before', 'after'] as const).map((when) => ({ when, skip })),
  )
  const runs = faults.map(async (fault) => {
    const scene = await newScene()
    scene.faulty.failNext(fault)
    await act(scene)
    await scene.close()
  })
  await Promise.all(runs)
}

/** Runs an act once for every command it sends, with an act of another process carried out just before it. */
async function interruptedAtEveryCommand(act: Act, other: Act, check: Act): Promise<void> {
  for (const skip of range(await countCommands(act))) {
    const scene = await newScene()
    const store = await scene.elsewhere()
    let failure: unknown
    scene.faulty.interrupt(skip, () =>
      other({ ...scene, store }).catch((error: unknown) => {
        failure = error
      }),
    )
    await act(scene)
    expect(failure).toBeUndefined()
    await check(scene)
    await store.close()
    await scene.close()
  }
}

/** Makes a call again until the database answers. */
async function until<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call()
    } catch (error) {
      expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: expect.any(Error) })
      if (tries === 3) throw error
    }
  }
}

describe.skipIf(!reachable)('a connection to MongoDB that is lost at any command', () => {
  it('loses no portrait: storing it again completes it, and changes the persona once', async () => {
    await atEveryCommand(async ({ store, project, id, notes }) => {
      const image = newImage()
      const versions = new Set<string>()
      const outcome = await until(async () => {
        const found = await store.findPersona(project, id)
        if (found?.imageUrl === image.id) versions.add(found.updatedAt)
        return store.storePortrait(project, id, { image, now: T0 })
      })
      const found = await store.findPersona(project, id)
      expect(outcome).toStrictEqual(found)
      expect(found?.imageUrl).toBe(image.id)
      for (const version of versions) expect(version).toBe(found?.updatedAt)
      await until(() => store.sweep(0))
      expect(await store.listImageIds(project)).toEqual([image.id])
      expect(await store.findImage(project, image.id)).toEqual(image)
      expect(await notes()).toBe(0)
    })
  })

  it('leaves nothing of a portrait whose persona is deleted between two tries', async () => {
    await atEveryCommand(async ({ store, project, id, notes, versions, removals }) => {
      const image = newImage()
      const portrait = { image, now: T0 }
      await store.storePortrait(project, id, portrait).catch(() => undefined)
      await until(() => store.deletePersona(project, id))
      expect(await until(() => store.storePortrait(project, id, portrait))).toBe('missing')
      await until(() => store.sweep(0))
      expect(await store.listImageIds(project)).toEqual([])
      expect(await notes()).toBe(0)
      expect([await versions(), await removals()]).toEqual([0, 0])
    })
  })

  it('leaves an update done or not, and nothing of the portrait it takes away', async () => {
    await atEveryCommand(async ({ store, project, id, notes }) => {
      const change = { name: 'new', imageUrl: null, headers: { 'X-A': '1' }, now: T0 }
      const updated = await until(() => store.updatePersona(project, id, change))
      expect(updated).toMatchObject({ name: 'new', headers: { 'X-A': '1' } })
      expect(await store.findPersona(project, id)).toStrictEqual(updated)
      await until(() => store.sweep(0))
      expect(await store.listImageIds(project)).toEqual([])
      expect(await notes()).toBe(0)
    })
  })

  it('lets a creation be repeated', async () => {
    await atEveryCommand(async ({ store, project }) => {
      const given = newPersona()
      const made = await until(() => store.insertPersona(project, given, T0))
      expect(made).toMatchObject({ id: given.id, name: given.name })
      expect(await store.findPersona(project, given.id)).toStrictEqual(made)
    })
  })

  it('makes one version of a change that is tried again, and of its name that was taken none', async () => {
    await atEveryCommand(async ({ store, project, id }) => {
      const { name } = await until(() => insert(store, project))
      const change = { description: 'new', revertedFrom: 1, now: T0 }
      const before = await until(() => store.findPersona(project, id))
      expect(await until(() => store.updatePersona(project, id, { name, now: T0 }))).toBe('name-taken')
      const updated = await until(() => store.updatePersona(project, id, change))
      expect(updated).toMatchObject({ version: 3, description: 'new' })
      const expected = [
        { version: 3, changed: ['description'], revertedFrom: 1 },
        { version: 2, changed: ['imageUrl'] },
        { version: 1, changed: [] },
      ]
      expect(await until(() => store.listVersions(project, id, { limit: 5 }))).toMatchObject(expected)
      const { imageUrl: _, ...content } = { ...before }
      expect(await until(() => store.findVersion(project, id, 2))).toStrictEqual(content)
    })
  })

  it('leaves nothing of a project once its deletion was answered', async () => {
    await atEveryCommand(async ({ store, project, id, notes, versions }) => {
      await until(() => store.updateProject(project, { name: 'n' }, T0))
      await until(() => store.insertImage(project, newImage('upload')))
      await until(() => store.deleteProject(project))
      expect(await store.findPersona(project, id)).toBeNull()
      expect(await store.findProject(project)).toBeNull()
      expect(await store.listImageIds(project)).toEqual([])
      expect(await notes()).toBe(0)
      expect(await versions()).toBe(0)
    })
  })
})

describe.skipIf(!reachable)(
  'the deletion of a project and a portrait drawn between any two steps of each other',
  () => {
    const deletion: Act = async ({ store, project }) => {
      await store.deleteProject(project)
    }
    /** Each portrait is shown, and each persona's is there. */
    const isWhole: Act = async ({ store, project, notes }) => {
      await until(() => store.sweep(0))
      const page = await listOf(store, project, { limit: 10 })
      const shown = page === 'bad-cursor' ? [] : page.items.flatMap(({ imageUrl }) => imageUrl ?? [])
      expect((await store.listImageIds(project)).sort()).toEqual(shown.sort())
      expect(await notes()).toBe(0)
    }

    it('leave a new persona its portrait, and no other', async () => {
      const newcomer: Act = async ({ store, project }) => {
        const { id } = await insert(store, project)
        await store.storePortrait(project, id, { image: newImage(), now: T0 })
      }
      await interruptedAtEveryCommand(deletion, newcomer, isWhole)
      await interruptedAtEveryCommand(newcomer, deletion, isWhole)
    })

    it('leave nothing of a portrait of a persona that was there', async () => {
      const drawing: Act = async ({ store, project, id }) => {
        await store.storePortrait(project, id, { image: newImage(), now: T0 })
      }
      await interruptedAtEveryCommand(drawing, deletion, isWhole)
      await interruptedAtEveryCommand(deletion, drawing, isWhole)
    })
  },
)

describe.skipIf(!reachable)('a change and a deletion carried out between any two steps of each other', () => {
  const change: Act = async ({ store, project, id }) => {
    await store.updatePersona(project, id, { description: 'new', imageUrl: null, now: T0 })
  }
  const deletions: [name: string, act: Act][] = [
    ['of the persona', async ({ store, project, id }) => void (await store.deletePersona(project, id))],
    ['of the project', async ({ store, project }) => void (await store.deleteProject(project))],
  ]
  /** Nothing is left of the persona and its history, once what was noted is old enough. */
  const isGone: Act = async ({ store, project, id, versions, removals }) => {
    expect(await store.listVersions(project, id, { limit: 5 })).toBe('missing')
    await store.sweep(0)
    expect([await versions(), await removals()]).toEqual([0, 0])
  }

  it.each(deletions)('leave no orphan of a history: deletion %s', async (_, deletion) => {
    await interruptedAtEveryCommand(change, deletion, isGone)
    await interruptedAtEveryCommand(deletion, change, isGone)
  })

  it('read the history whole, or not at all', async () => {
    const read: Act = async ({ store, project, id }) => {
      const found = await store.listVersions(project, id, { limit: 5 })
      if (found !== 'missing') expect(found).toHaveLength(2)
    }
    for (const [, deletion] of deletions) await interruptedAtEveryCommand(read, deletion, isGone)
  })
})
