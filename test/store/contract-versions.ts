import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Persona } from '../../src/personas/schema.js'
import type { PersonaVersion } from '../../src/personas/versions.js'
import type { Store, StoreOptions } from '../../src/store/store.js'
import { insert, newImage, newPersona, persona, range, storedPersona, T0 } from './samples.js'

/** The whole history of a persona that must be there. */
async function versionsOf(store: Store, project: string, id: string): Promise<PersonaVersion[]> {
  const found = await store.listVersions(project, id, { limit: 1_000 })
  if (found === 'missing') throw new Error('There is no such persona')
  return found
}

/** What the history holds of a persona. */
function contentOf({ imageUrl: _, ...content }: Persona): Omit<Persona, 'imageUrl'> {
  return content
}

/** The versions of a persona: what each held, what it changed, and how many are kept. */
export function versionContract(
  store: () => Store,
  open: (options: StoreOptions) => Promise<{ store: Store; close(): Promise<void> }>,
) {
  /** A persona of a new project, and the way to change it. */
  async function newcomer(fields: Parameters<typeof insert>[2] = {}) {
    const project = randomUUID()
    const first = await insert(store(), project, fields)
    const change = async (given: object) =>
      persona(await store().updatePersona(project, first.id, { now: T0, ...given }))
    return { project, first, id: first.id, change }
  }

  it('begins with the version that was created, in which nothing changed', async () => {
    const { project, first, id } = await newcomer({ description: 'd', tags: ['a'] })
    const { version, updatedAt } = first
    expect(version).toBe(1)
    expect(await store().listVersions(project, id, { limit: 10 })).toEqual([
      { version, updatedAt, changed: [] },
    ])
    expect(await store().findVersion(project, id, 1)).toStrictEqual(first)
  })

  it('has every version as it was, and what each changed, newest first', async () => {
    const { project, first, id, change } = await newcomer({
      description: 'd',
      systemPrompt: 's',
      headers: { 'X-B.$': '1', 'X-A': '' },
    })
    const image = newImage()
    const made = [
      first,
      await change({ metadata: { 'z.$': '🙂', a: '' }, tags: ['b', 'a'], description: null }),
      await change({ imageUrl: 'a.png' }),
      await change({ name: 'new', imageUrl: null, headers: { 'X-A': '' } }),
      persona(await store().storePortrait(project, id, { image, now: T0 })),
      await change({ tags: ['a', 'b'] }),
    ]
    const changes = [
      [],
      ['description', 'tags', 'metadata'],
      ['imageUrl'],
      ['name', 'imageUrl', 'headers'],
      ['imageUrl'],
      ['tags'],
    ]
    const expected = made.map(({ version, updatedAt }, at) => ({ version, updatedAt, changed: changes[at] }))
    expect(await versionsOf(store(), project, id)).toStrictEqual(expected.reverse())
    for (const [at, each] of made.entries()) {
      expect(each.version).toBe(at + 1)
      expect(await store().findVersion(project, id, each.version)).toStrictEqual(contentOf(each))
    }
    expect(await store().findPersona(project, id)).toStrictEqual(made.at(-1))
  })

  it('lists so many from below a version', async () => {
    const { project, id, change } = await newcomer()
    for (const step of range(6)) await change({ description: `${step}` })
    const numbers = async (limit: number, before?: number) => {
      const found = await store().listVersions(project, id, { limit, before })
      return found === 'missing' ? found : found.map(({ version }) => version)
    }
    expect(await numbers(1)).toEqual([7])
    expect(await numbers(3)).toEqual([7, 6, 5])
    expect(await numbers(3, 5)).toEqual([4, 3, 2])
    expect(await numbers(3, 2)).toEqual([1])
    expect(await numbers(3, 1)).toEqual([])
    expect(await numbers(2, 100)).toEqual([7, 6])
  })

  it('says which version a change restored, of that change alone', async () => {
    const { project, id, change } = await newcomer({ description: 'one' })
    await change({ description: 'two' })
    await change({ description: 'one', revertedFrom: 1 })
    await change({ description: 'three' })
    expect(await versionsOf(store(), project, id)).toMatchObject([
      { version: 4, changed: ['description'] },
      { version: 3, changed: ['description'], revertedFrom: 1 },
      { version: 2, changed: ['description'] },
      { version: 1 },
    ])
    for (const each of await versionsOf(store(), project, id)) {
      if (each.version !== 3) expect(each).not.toHaveProperty('revertedFrom')
    }
  })

  it('makes no version where nothing was changed', async () => {
    const { project, first, id, change } = await newcomer({ description: 'd' })
    const { name } = await insert(store(), project)
    expect(await change({ description: 'd', revertedFrom: 1 })).toStrictEqual(first)
    const update = (given: object) => store().updatePersona(project, id, { now: T0, ...given })
    expect(await update({ description: 'e', ifMatch: [] })).toBe('stale')
    expect(await update({ name })).toBe('name-taken')
    expect(await versionsOf(store(), project, id)).toHaveLength(1)
    // What was refused leaves nothing that a later change meets.
    const second = await change({ name: 'other' })
    expect(await versionsOf(store(), project, id)).toMatchObject([
      { version: 2, changed: ['name'] },
      { version: 1 },
    ])
    expect(await store().findVersion(project, id, 1)).toStrictEqual(first)
    expect(await store().findVersion(project, id, 2)).toStrictEqual(second)
  })

  it('has no versions of others, nor beyond those that are there', async () => {
    const { project, id, change } = await newcomer()
    await change({ description: 'd' })
    for (const version of [0, 3, 1_000]) {
      expect(await store().findVersion(project, id, version)).toBe('no-version')
    }
    for (const [where, which] of [
      [project, randomUUID()],
      [randomUUID(), id],
    ] as const) {
      expect(await store().findVersion(where, which, 1)).toBe('missing')
      expect(await store().listVersions(where, which, { limit: 5 })).toBe('missing')
    }
  })

  it('keeps so many, and drops the oldest first', async () => {
    const opened = await open({ versionsKept: 3 })
    const project = randomUUID()
    const { id } = await insert(opened.store, project)
    const numbers = async () => (await versionsOf(opened.store, project, id)).map(({ version }) => version)
    for (const [step, expected] of [
      [2, 1],
      [3, 2, 1],
      [4, 3, 2],
      [5, 4, 3],
    ].entries()) {
      await opened.store.updatePersona(project, id, { description: `${step}`, now: T0 })
      expect(await numbers()).toEqual(expected)
    }
    expect(await opened.store.findVersion(project, id, 2)).toBe('no-version')
    expect(await opened.store.findVersion(project, id, 3)).toMatchObject({ version: 3, description: '1' })
    const stored: number[] = []
    for await (const record of opened.store.transfer.versions.read()) {
      if (record.projectId === project) stored.push(record.persona.version)
    }
    expect(stored).toEqual([3, 4])
    await opened.close()
  })

  it('numbers many simultaneous changes without a gap, and keeps what each replaced', async () => {
    const { project, id, change } = await newcomer({ description: 'one' })
    const outcomes = await Promise.all(
      range(50).map((n) => change({ description: `${n}`, ...(n % 3 === 0 && { revertedFrom: 1 }) })),
    )
    const found = await versionsOf(store(), project, id)
    expect(found.map(({ version }) => version)).toEqual(range(51).map((n) => 51 - n))
    for (const made of outcomes) {
      expect(await store().findVersion(project, id, made.version)).toStrictEqual(made)
    }
  })

  it('goes with its persona, and with its project', async () => {
    const { project, id, change } = await newcomer()
    const other = await insert(store(), project)
    await store().updatePersona(project, other.id, { description: 'd', now: T0 })
    for (const step of range(4)) await change({ description: `${step}` })
    expect(await store().deletePersona(project, id)).toBe('deleted')
    expect(await store().listVersions(project, id, { limit: 5 })).toBe('missing')
    expect(await versionsOf(store(), project, other.id)).toHaveLength(2)
    expect(await store().deleteProject(project)).toBe(true)
    expect(await store().listVersions(project, other.id, { limit: 5 })).toBe('missing')
    expect(await store().deleteProject(project)).toBe(false)
    for await (const { projectId } of store().transfer.versions.read()) expect(projectId).not.toBe(project)
  })

  it('is read and added as it is, by project, persona and number', async () => {
    const prefix = randomUUID()
    const records = range(2).flatMap((at) => {
      const current = storedPersona({ version: 4, description: 'now', imageUrl: 'a.png' }, T0 + 4)
      const origin = { changed: ['description' as const], ...(at === 0 && { revertedFrom: 2 }) }
      return [{ projectId: `${prefix}-${at}`, persona: current, origin }]
    })
    const versions = records.flatMap(({ projectId, persona: current }) =>
      range(3).map((at) => ({
        projectId,
        persona: {
          ...contentOf(current),
          version: at + 1,
          description: `${at}`,
          metadata: { 'a.$': `${at}` },
        },
        ...(at > 0 && { origin: { changed: ['description' as const, 'metadata' as const] } }),
      })),
    )
    const { transfer } = store()
    await transfer.versions.append(versions.slice(0, 4))
    await transfer.versions.append(versions.slice(4))
    await transfer.personas.append(records)
    const isOwn = ({ projectId }: { projectId: string }) => projectId.startsWith(prefix)
    const read = []
    for await (const record of transfer.versions.read()) if (isOwn(record)) read.push(record)
    expect(read).toStrictEqual(versions)
    const current = []
    for await (const record of transfer.personas.read()) if (isOwn(record)) current.push(record)
    expect(current).toStrictEqual(records)
    await expect(transfer.versions.append(versions.slice(0, 1))).rejects.toMatchObject({ code: 'CONFLICT' })

    const [{ projectId, persona: last } = { projectId: '', persona: storedPersona() }] = records
    await store().updatePersona(projectId, last.id, { description: 'later', now: T0 })
    expect(await versionsOf(store(), projectId, last.id)).toMatchObject([
      { version: 5, changed: ['description'] },
      { version: 4, changed: ['description'], revertedFrom: 2 },
      { version: 3, changed: ['description', 'metadata'] },
      { version: 2 },
      { version: 1, changed: [] },
    ])
    expect(await store().findVersion(projectId, last.id, 4)).toStrictEqual(contentOf(last))
  })

  it('is not shared by personas that have the id of one that is gone', async () => {
    const { project, id, change } = await newcomer()
    await change({ description: 'd' })
    await store().deletePersona(project, id)
    const again = persona(await store().insertPersona(project, { ...newPersona(), id }, T0))
    expect(await versionsOf(store(), project, id)).toHaveLength(1)
    expect(await store().findVersion(project, id, 1)).toStrictEqual(again)
  })
}
