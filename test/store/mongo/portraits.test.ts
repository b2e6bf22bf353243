import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { openMongoStore } from '../../../src/store/mongo/mongo.js'
import { insert, newImage, range, T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const url = freshMongoUrl(mongo.url)
const client = new MongoClient(url)
const notes = client.db().collection('portraitChanges')
const versions = client.db().collection('versions')
const removals = client.db().collection('historyRemovals')
afterAll(() => client.close())

describe('a process that ends in the middle', () => {
  /** A store that ends, as far as its callers can see, after its n-th step. */
  const crashingStore = (n: number) => {
    let steps = 0
    return openMongoStore(url, {
      onStep() {
        steps += 1
        if (steps === n) throw new Error('crash')
      },
    })
  }
  type Act = (
    store: Awaited<ReturnType<typeof crashingStore>>,
    project: string,
    id: string,
  ) => Promise<unknown>
  const acts: [name: string, act: Act, steps: number][] = [
    ['storePortrait', (s, project, id) => s.storePortrait(project, id, { image: newImage(), now: T0 }), 9],
    ['updatePersona', (s, project, id) => s.updatePersona(project, id, { imageUrl: null, now: T0 }), 5],
    ['deletePersona', (s, project, id) => s.deletePersona(project, id), 6],
  ]

  it.each(acts)(
    'of %s leaves no dangling reference, no gap in the history, and nothing after a sweep',
    async (_, act, steps) => {
      const store = await openMongoStore(url)
      for (let n = 1; n <= steps; n += 1) {
        const project = randomUUID()
        const { id } = await insert(store, project)
        await store.storePortrait(project, id, { image: newImage(), now: T0 })
        const crashing = await crashingStore(n)
        await expect(act(crashing, project, id)).rejects.toThrow('crash')
        await crashing.close()

        const found = await store.findPersona(project, id)
        const { imageUrl } = { ...found }
        const listed = await store.listVersions(project, id, { limit: 10 })
        if (found === null) expect(listed).toBe('missing')
        else expect(listed).toMatchObject(range(found.version).map((at) => ({ version: found.version - at })))
        const shown = imageUrl === undefined ? [] : [imageUrl]
        const stored = await store.listImageIds(project)
        expect(stored).toEqual(expect.arrayContaining(shown))
        expect(stored.length - shown.length).toBeLessThanOrEqual(1)
        await store.sweep(60_000)
        expect(await store.listImageIds(project)).toEqual(stored)
        await store.sweep(0)
        expect(await store.listImageIds(project)).toEqual(shown)
        if (found === null) expect(await versions.countDocuments({ projectId: project })).toBe(0)
        else expect(await store.listVersions(project, id, { limit: 10 })).toEqual(listed)
      }
      expect(await notes.countDocuments()).toBe(0)
      expect(await removals.countDocuments()).toBe(0)
      const whole = await crashingStore(steps + 1)
      const project = randomUUID()
      const { id } = await insert(store, project)
      await store.storePortrait(project, id, { image: newImage(), now: T0 })
      await act(whole, project, id)
      await whole.close()
      await store.close()
    },
  )

  it('is cleared up after when the store is opened', async () => {
    const store = await openMongoStore(url)
    const project = randomUUID()
    const [left, young] = [newImage(), newImage()]
    for (const [image, age] of [
      [left, 70_000],
      [young, 5_000],
    ] as const) {
      await store.insertImage(project, image)
      const note = { projectId: project, imageId: image.id, at: new Date(Date.now() - age) }
      await notes.insertOne(note)
    }
    const next = await openMongoStore(url)
    expect(await next.listImageIds(project)).toEqual([young.id])
    await next.sweep(0)
    expect(await next.listImageIds(project)).toEqual([])
    await Promise.all([store.close(), next.close()])
  })
})
