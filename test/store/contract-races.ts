import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { PersonaChange } from '../../src/personas/change.js'
import type { Store } from '../../src/store/store.js'
import { idsByPage, insert, listOf, newImage, newPersona, persona, range, T0 } from './samples.js'

function count<T>(values: readonly T[], wanted: T): number {
  return values.filter((value) => value === wanted).length
}

/** What many simultaneous calls come to. */
export function raceContract(store: () => Store) {
  it('lets one of 100 simultaneous creates of a name succeed', async () => {
    const project = randomUUID()
    const create = () => store().insertPersona(project, newPersona({ name: 'one' }), T0)
    const outcomes = await Promise.all(range(100).map(create))
    expect(count(outcomes, 'name-taken')).toBe(99)
    const winner = persona(outcomes.find((outcome) => outcome !== 'name-taken') ?? null)
    expect(await listOf(store(), project, { limit: 10 })).toHaveProperty('items', [winner])
  })

  it('lets one of 20 simultaneous renames to a name succeed', async () => {
    const project = randomUUID()
    const personas = await Promise.all(range(20).map(() => insert(store(), project)))
    const outcomes = await Promise.all(
      personas.map(({ id }) => store().updatePersona(project, id, { name: 'one', now: T0 })),
    )
    expect(count(outcomes, 'name-taken')).toBe(19)
  })

  it('does many things at once', async () => {
    const projects = range(5).map(() => randomUUID())
    const live = async (project: string, i: number) => {
      const { id } = await insert(store(), project, { name: `persona ${i}` }, Date.now())
      await store().storePortrait(project, id, { image: newImage(), now: Date.now() })
      await store().updatePersona(project, id, { description: 'done', now: Date.now() })
      if (i % 2 === 0) await store().deletePersona(project, id)
    }
    for (const round of range(4)) {
      const numbers = range(4).map((i) => round * 4 + i)
      await Promise.all(projects.flatMap((project) => numbers.map((i) => live(project, i))))
    }
    for (const project of projects) {
      expect(await idsByPage(store(), project, 3)).toHaveLength(8)
      expect(await store().listImageIds(project)).toHaveLength(8)
    }
  })
}

/** What many simultaneous calls come to that each change one version of a persona. */
export function conditionalRaceContract(store: () => Store) {
  it('keeps simultaneous updates of different fields', async () => {
    const project = randomUUID()
    const ids = (await Promise.all(range(20).map(() => insert(store(), project)))).map(({ id }) => id)
    const changes: PersonaChange[] = [
      { description: 'new' },
      { systemPrompt: 'new' },
      { imageUrl: 'new.png' },
      { headers: { new: '1' } },
    ]
    const updates = ids.flatMap((id) => [
      ...changes.map((change) => store().updatePersona(project, id, { ...change, now: T0 })),
      store().updatePersona(project, id, { name: `new ${id}`, now: T0 }),
    ])
    await Promise.all(updates)
    for (const id of ids) {
      const found = await store().findPersona(project, id)
      expect(found).toMatchObject({ name: `new ${id}`, ...Object.assign({}, ...changes) })
    }
  })

  it('gives each of 50 simultaneous updates of one persona a version of its own', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project)
    const outcomes = await Promise.all(
      range(50).map((i) => store().updatePersona(project, id, { description: `${i}`, now: T0 })),
    )
    const byVersion = new Map(outcomes.map(persona).map((outcome) => [outcome.updatedAt, outcome]))
    expect(byVersion.size).toBe(50)
    const newest = [...byVersion.keys()].sort().at(-1)
    expect(await store().findPersona(project, id)).toStrictEqual(byVersion.get(String(newest)))
  })

  it('lets one of many writers with the same ifMatch succeed', async () => {
    const project = randomUUID()
    const { id, updatedAt } = await insert(store(), project)
    const outcomes = await Promise.all(
      range(20).map((i) =>
        store().updatePersona(project, id, { description: `${i}`, ifMatch: [updatedAt], now: T0 }),
      ),
    )
    expect(count(outcomes, 'stale')).toBe(19)
    const winner = persona(outcomes.find((outcome) => typeof outcome !== 'string') ?? null)
    expect(await store().findPersona(project, id)).toStrictEqual(winner)
  })

  it('lets one of many deletions succeed', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project)
    const deletions = await Promise.all(range(20).map(() => store().deletePersona(project, id)))
    expect(count(deletions, 'deleted')).toBe(1)
    expect(count(deletions, 'missing')).toBe(19)
  })

  it('leaves one portrait behind simultaneous ones', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project)
    await store().storePortrait(project, id, { image: newImage(), now: T0 })
    const outcomes = await Promise.all(
      range(10).map(() => store().storePortrait(project, id, { image: newImage(), now: T0 })),
    )
    expect(new Set(outcomes.map(persona).map(({ updatedAt }) => updatedAt)).size).toBe(10)
    expect(await store().listImageIds(project)).toEqual([(await store().findPersona(project, id))?.imageUrl])
  })

  it('leaves nothing behind portraits that race with the deletion', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project)
    await store().storePortrait(project, id, { image: newImage(), now: T0 })
    await Promise.all([
      ...range(5).map(() => store().storePortrait(project, id, { image: newImage(), now: T0 })),
      store().deletePersona(project, id),
      ...range(5).map(() => store().storePortrait(project, id, { image: newImage(), now: T0 })),
    ])
    expect(await store().findPersona(project, id)).toBeNull()
    expect(await store().listImageIds(project)).toEqual([])
  })

  it('leaves each persona its portrait, and no other, beside the deletion of their project', async () => {
    const project = randomUUID()
    const draw = async () => {
      const { id } = await insert(store(), project)
      for (const _ of range(2)) {
        await store().storePortrait(project, id, { image: newImage(), now: T0 })
      }
    }
    await Promise.all(range(5).map(draw))
    await Promise.all([...range(20).map(draw), store().deleteProject(project), ...range(20).map(draw)])
    const page = await listOf(store(), project, { limit: 100 })
    const shown = page === 'bad-cursor' ? [] : page.items.flatMap(({ imageUrl }) => imageUrl ?? [])
    expect((await store().listImageIds(project)).sort()).toEqual(shown.sort())
  })
}

/** What it comes to when a persona is changed and deleted at once. */
export function deletionRaceContract(store: () => Store) {
  it('lets either an update or a deletion of one version succeed', async () => {
    const project = randomUUID()
    for (const { id, updatedAt } of await Promise.all(range(10).map(() => insert(store(), project)))) {
      const ifMatch = [updatedAt]
      const [deleted, updated] = await Promise.all([
        store().deletePersona(project, id, ifMatch),
        store().updatePersona(project, id, { description: 'new', ifMatch, now: T0 }),
      ])
      if (deleted === 'deleted') expect(updated).toBe('missing')
      else expect([deleted, updated]).toEqual(['stale', expect.objectContaining({ description: 'new' })])
    }
  })
}
