import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { insert, persona, T0 } from './samples.js'

/** What one update does. */
export function updateContract(store: () => Store) {
  it('changes the given fields alone', async () => {
    const project = randomUUID()
    const before = await insert(store(), project, { description: 'a', headers: { A: '1', B: '2' } })
    const change = { systemPrompt: 'new', headers: { B: '3' }, now: T0 + 5 }
    const after = await store().updatePersona(project, before.id, change)
    expect(after).toStrictEqual({
      ...before,
      systemPrompt: 'new',
      headers: { B: '3' },
      version: 2,
      updatedAt: '2026-01-28T10:00:00.005Z',
    })
    expect(await store().findPersona(project, before.id)).toStrictEqual(after)
  })

  it('clears with null, and takes empty texts for texts', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project, {
      description: 'a',
      systemPrompt: 'b',
      headers: { A: '1' },
    })
    await store().updatePersona(project, id, { imageUrl: 'a.png', now: T0 })
    const cleared = await store().updatePersona(project, id, {
      description: null,
      systemPrompt: '',
      imageUrl: null,
      headers: null,
      now: T0,
    })
    expect(Object.keys(persona(cleared)).sort()).toEqual([
      'createdAt',
      'id',
      'name',
      'systemPrompt',
      'updatedAt',
      'version',
    ])
    expect(await store().findPersona(project, id)).toStrictEqual(cleared)
  })

  it('leaves updatedAt where nothing changes', async () => {
    const project = randomUUID()
    const before = await insert(store(), project, { description: 'a', headers: { A: '1', B: '2' } })
    const same = { name: before.name, description: 'a', systemPrompt: null, headers: { A: '1', B: '2' } }
    expect(await store().updatePersona(project, before.id, { ...same, now: T0 + 9 })).toStrictEqual(before)
    expect(await store().updatePersona(project, before.id, { now: T0 + 9 })).toStrictEqual(before)
  })

  it('grows updatedAt with every change, whatever the clock says', async () => {
    const project = randomUUID()
    const { id, updatedAt } = await insert(store(), project)
    const versions = [updatedAt]
    for (const [step, now] of [T0, T0, T0 - 60_000, T0 + 10, T0 + 10].entries()) {
      versions.push(
        persona(await store().updatePersona(project, id, { description: `${step}`, now })).updatedAt,
      )
    }
    expect(versions).toEqual([...new Set(versions)].sort())
    expect(versions.at(-2)).toBe('2026-01-28T10:00:00.010Z')
  })

  it('holds to one of the versions in ifMatch', async () => {
    const project = randomUUID()
    const before = await insert(store(), project)
    const update = (ifMatch: string[], description: string) =>
      store().updatePersona(project, before.id, { description, ifMatch, now: T0 })
    expect(await update([], 'none')).toBe('stale')
    expect(await update(['x', '2026-01-28T10:00:00Z'], 'other')).toBe('stale')
    expect(await store().findPersona(project, before.id)).toStrictEqual(before)
    expect(await update(['x', before.updatedAt], 'right')).toMatchObject({ description: 'right' })
    expect(await update([before.updatedAt], 'late')).toBe('stale')
  })

  it('refuses a name that another persona has, and changes nothing', async () => {
    const project = randomUUID()
    await insert(store(), project, { name: 'taken' })
    const before = await insert(store(), project)
    const change = { name: 'taken', description: 'changed', now: T0 + 1 }
    expect(await store().updatePersona(project, before.id, change)).toBe('name-taken')
    expect(await store().findPersona(project, before.id)).toStrictEqual(before)
    expect(await store().updatePersona(project, before.id, { name: 'Taken', now: T0 })).toMatchObject({
      name: 'Taken',
    })
  })

  it('says missing before stale, and stale before a taken name', async () => {
    const project = randomUUID()
    await insert(store(), project, { name: 'taken' })
    const { id } = await insert(store(), project)
    const change = { name: 'taken', ifMatch: [], now: T0 }
    expect(await store().updatePersona(project, randomUUID(), change)).toBe('missing')
    expect(await store().updatePersona(randomUUID(), id, change)).toBe('missing')
    expect(await store().updatePersona(project, id, change)).toBe('stale')
  })
}
