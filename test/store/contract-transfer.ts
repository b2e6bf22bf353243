import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { imageRoles } from '../../src/images/schema.js'
import type { Persona } from '../../src/personas/schema.js'
import type { Store } from '../../src/store/store.js'
import type { RecordSequence, StoreRecords } from '../../src/store/transfer.js'
import { idsByPage, insert, listOf, newImage, projectsOf, range, storedPersona, T0 } from './samples.js'

const at = (time: number) => new Date(time).toISOString()

function movedPersona(createdAt: number, fields: Partial<Persona> = {}): Persona {
  return storedPersona({ updatedAt: at(createdAt + 5), ...fields }, createdAt)
}

/** What is read of a sequence, but for the records of other tests. */
async function readOf<T>(sequence: RecordSequence<T>, isOwn: (record: T) => boolean): Promise<T[]> {
  const own: T[] = []
  for await (const record of sequence.read()) if (isOwn(record)) own.push(record)
  return own
}

/** What moves a whole store into another. */
export function transferContract(store: () => Store, sortsByBytes: boolean) {
  const personasOf = (...projects: string[]) =>
    readOf(store().transfer.personas, ({ projectId }) => projects.includes(projectId))

  it('reads personas as they are shown, by project in the order of its bytes, and by creation', async () => {
    const prefix = randomUUID()
    // In UTF-16 the last two are the other way round.
    const ends = sortsByBytes ? ['', '-a', '-\uff5e', '-\u{1f600}'] : ['', '-A', '-a', '-\uff5e']
    const projects = ends.map((end) => prefix + end)
    const expected: StoreRecords['personas'][] = []
    const filled = new Map<string, Persona[]>()
    for (const i of range(12)) {
      const projectId = projects[(i * 3) % 4] ?? ''
      const persona = await insert(store(), projectId, { headers: { 'X-B': '1', 'X-A': '2' } }, T0 - i)
      filled.set(projectId, [...(filled.get(projectId) ?? []), persona])
    }
    for (const projectId of projects) {
      for (const persona of filled.get(projectId) ?? []) expected.push({ projectId, persona })
    }
    expect(await personasOf(...projects)).toEqual(expected)
  })

  it('adds personas as they are, in the order given, whatever their times', async () => {
    const [project, other] = [randomUUID(), randomUUID()]
    const full = {
      description: 'd',
      systemPrompt: 's',
      imageUrl: `${randomUUID()}.png`,
      headers: { 'X-B.$': '1', 'X-A': '' },
    }
    const times = [T0, T0, T0 - 3_600_000, T0 - 3_600_000, T0 + 1_000, T0]
    const given = times.map((time) => movedPersona(time, full))
    const records = [
      ...given.map((persona) => ({ projectId: project, persona })),
      ...range(2).map((i) => ({ projectId: other, persona: movedPersona(T0 - i) })),
    ]
    await store().transfer.personas.append(records.slice(0, 3))
    await store().transfer.personas.append(records.slice(3))
    expect(await personasOf(project)).toStrictEqual(records.slice(0, 6))
    expect(await personasOf(other)).toStrictEqual(records.slice(6))
    expect(await listOf(store(), project, { limit: 10 })).toHaveProperty('items', given)
    expect(await idsByPage(store(), project, 2)).toEqual(given.map(({ id }) => id))
    expect(await store().findPersona(project, given[2]?.id ?? '')).toStrictEqual(given[2])
    const next = await insert(store(), project, {}, T0 - 7_200_000)
    expect((await idsByPage(store(), project, 2)).at(-1)).toBe(next.id)
  })

  it('keeps the stated times of what it added through a change', async () => {
    const project = randomUUID()
    const given = [T0, T0 - 60_000].map((time) => movedPersona(time))
    await store().transfer.personas.append(given.map((persona) => ({ projectId: project, persona })))
    const { id, createdAt } = given[1] ?? movedPersona(T0)
    const change = { description: 'new', now: T0 + 9 }
    const expected = { ...given[1], description: 'new', version: 2, updatedAt: at(T0 + 9) }
    expect(await store().updatePersona(project, id, change)).toEqual(expected)
    expect(await store().findPersona(project, id)).toMatchObject({ createdAt })
  })

  it('adds projects and images behind those that are there', async () => {
    const ids = range(6).map((): string => randomUUID())
    const settings = {
      provider: 'openai',
      models: { image: 'm', evaluation: 'e' },
      apiKey: { ciphertext: 'c', mask: '****' },
    }
    const { models: _, ...withoutModels } = settings
    const projects = ids.map((id, i) => ({
      id,
      name: `name ${i}`,
      createdAt: T0 - i,
      ...(i > 3 && { maxConcurrency: i }),
      ...(i % 2 === 1 && { llmSettings: i === 3 ? withoutModels : settings }),
    }))
    const images = range(6).map((i) => ({ projectId: ids[i % 2] ?? '', ...newImage(imageRoles[i % 3]) }))
    const { transfer } = store()
    for (const half of [0, 3]) {
      await transfer.projects.append(projects.slice(half, half + 3))
      await transfer.images.append(images.slice(half, half + 3))
    }
    expect(await readOf(transfer.projects, ({ id }) => ids.includes(id))).toStrictEqual(projects)
    expect(await readOf(transfer.images, ({ projectId }) => ids.includes(projectId))).toEqual(images)
    expect((await projectsOf(store())).map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(ids)
    expect(await store().findProject(ids[1] ?? '')).toMatchObject({ llmSettings: settings })
    const later = newImage()
    await store().insertImage(ids[0] ?? '', later)
    const first = images.filter(({ projectId }) => projectId === ids[0]).map(({ id }) => id)
    expect(await store().listImageIds(ids[0] ?? '')).toEqual([...first, later.id])
  })

  it('refuses what is there already, and adds nothing behind it', async () => {
    const project = randomUUID()
    const [a, b, c] = [movedPersona(T0), movedPersona(T0), movedPersona(T0)]
    const append = (...personas: Persona[]) =>
      store().transfer.personas.append(personas.map((persona) => ({ projectId: project, persona })))
    await append(a)
    const taken = { code: 'CONFLICT', message: expect.stringMatching(/already/) }
    await expect(append({ ...b, id: a.id }, c)).rejects.toMatchObject(taken)
    await expect(append({ ...b, name: a.name }, c)).rejects.toMatchObject(taken)
    expect(await personasOf(project)).toHaveLength(1)
    const image = { projectId: project, ...newImage() }
    await store().transfer.images.append([image])
    await expect(store().transfer.images.append([image])).rejects.toMatchObject(taken)
    const registered = { id: project, name: 'n', createdAt: T0 }
    await store().transfer.projects.append([registered])
    await expect(store().transfer.projects.append([registered])).rejects.toMatchObject(taken)
    await append()
  })

  it('knows about how much there is', async () => {
    const before = await store().transfer.personas.estimate()
    await Promise.all(range(3).map(() => insert(store(), randomUUID())))
    expect(await store().transfer.personas.estimate()).toBe(before + 3)
  })
}
