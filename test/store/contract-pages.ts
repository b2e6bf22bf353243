import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { idsByPage, insert, listOf, range, T0 } from './samples.js'

async function insertMany(store: Store, projectId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (const _ of range(count)) ids.push((await insert(store, projectId)).id)
  return ids
}

function pageOf<Page>(outcome: Page | 'bad-cursor'): Page {
  if (outcome === 'bad-cursor') throw new Error('The store refuses its own cursor')
  return outcome
}

/** The order of creation, and reading it page by page. */
export function pageContract(store: () => Store) {
  it('lists in order of creation, even within one millisecond', async () => {
    const project = randomUUID()
    const ids = await insertMany(store(), project, 60)
    expect(await idsByPage(store(), project, 100)).toEqual(ids)
    expect(await idsByPage(store(), project, 7)).toEqual(ids)
  })

  it('lists in order of creation when the clock goes back', async () => {
    const project = randomUUID()
    const ids: string[] = []
    for (const step of range(20)) ids.push((await insert(store(), project, {}, T0 - step * 1_000)).id)
    expect(await idsByPage(store(), project, 3)).toEqual(ids)
  })

  it('keeps the order through updates', async () => {
    const project = randomUUID()
    const ids = await insertMany(store(), project, 5)
    await store().updatePersona(project, String(ids[0]), { description: 'changed', now: T0 + 60_000 })
    expect(await idsByPage(store(), project, 2)).toEqual(ids)
  })

  it('names a next page only where there is one', async () => {
    const project = randomUUID()
    expect(await listOf(store(), project, { limit: 2 })).toEqual({ items: [], bytes: 3 })
    await insertMany(store(), project, 4)
    const first = await listOf(store(), project, { limit: 2 })
    if (first === 'bad-cursor') throw new Error('A first page has no cursor')
    expect(first.items).toHaveLength(2)
    const second = await listOf(store(), project, { limit: 2, cursor: first.nextCursor })
    expect(second).toMatchObject({ items: [expect.anything(), expect.anything()] })
    expect(second).not.toHaveProperty('nextCursor')
    expect(await listOf(store(), project, { limit: 4 })).not.toHaveProperty('nextCursor')
  })

  it('goes on behind a persona that is deleted', async () => {
    const project = randomUUID()
    const ids = await insertMany(store(), project, 6)
    const first = await listOf(store(), project, { limit: 3 })
    if (first === 'bad-cursor') throw new Error('A first page has no cursor')
    for (const id of ids.slice(1, 4)) await store().deletePersona(project, id)
    const rest = await listOf(store(), project, { limit: 3, cursor: first.nextCursor })
    expect(rest).toMatchObject({ items: ids.slice(4).map((id) => ({ id })) })
  })

  it('shows each persona that is there throughout exactly once while others come and go', async () => {
    const project = randomUUID()
    const staying = new Set(await insertMany(store(), project, 40))
    const passing = await insertMany(store(), project, 10)
    for (const id of await insertMany(store(), project, 30)) staying.add(id)

    const reading = idsByPage(store(), project, 4)
    const writing = Promise.all([
      ...passing.map((id) => store().deletePersona(project, id)),
      ...range(20).map(() => insert(store(), project)),
    ])
    const [seen] = await Promise.all([reading, writing])
    expect(seen.filter((id) => staying.has(id))).toEqual([...staying])
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('gives the size of a page in bytes of JSON', async () => {
    const project = randomUUID()
    const prompts = ['plain', 'zwölf "Boxkämpfer"\n', '🙂\u0001'.repeat(3_000)]
    for (const systemPrompt of prompts) await insert(store(), project, { systemPrompt })
    const page = pageOf(await listOf(store(), project, { limit: 3 }))
    expect(page.bytes).toBe(Buffer.byteLength(JSON.stringify(page.items)) + 1)
    const asJson = pageOf(await store().listPersonas(project, { limit: 3 }))
    expect(JSON.parse(String(asJson.json))).toEqual(page.items)
    expect(asJson.bytes).toBe(page.bytes)
    expect(Buffer.byteLength(asJson.json)).toBe(page.bytes)
    expect(String(asJson.json)).toMatch(/\]\n$/)
  })

  it.each([
    ['long', 20_000],
    ['short', 10],
  ])('ends a page before more bytes than are asked for, with %s personas', async (_, length) => {
    const project = randomUUID()
    const ids: string[] = []
    for (const n of range(12)) {
      ids.push((await insert(store(), project, { systemPrompt: String(n % 10).repeat(length) })).id)
    }
    const whole = pageOf(await listOf(store(), project, { limit: 12 }))
    expect(await listOf(store(), project, { limit: 12, maxBytes: whole.bytes })).toEqual(whole)
    const sizeOf = (count: number) => Buffer.byteLength(JSON.stringify(whole.items.slice(0, count))) + 1
    for (const count of [1, 5, 11]) {
      for (const maxBytes of [sizeOf(count), sizeOf(count + 1) - 1]) {
        const page = pageOf(await listOf(store(), project, { limit: 12, maxBytes }))
        expect(page).toMatchObject({ bytes: sizeOf(count), endsEarly: true })
        const rest = pageOf(await listOf(store(), project, { limit: 12, cursor: page.nextCursor }))
        expect(rest.items.map(({ id }) => id)).toEqual(ids.slice(count))
      }
    }
    expect(await listOf(store(), project, { limit: 12, maxBytes: 1 })).toMatchObject({ bytes: sizeOf(1) })
    const cutByLimit = await listOf(store(), project, { limit: 3, maxBytes: whole.bytes })
    expect(cutByLimit).toHaveProperty('items.length', 3)
    expect(cutByLimit).not.toHaveProperty('endsEarly')
  })

  it('refuses cursors it did not make', async () => {
    const project = randomUUID()
    await insertMany(store(), project, 2)
    const encoded = (text: string) => Buffer.from(text).toString('base64url')
    const foreign = ['', 'x', 'null', '☃', '../..', encoded('{}'), encoded('9'.repeat(40)), 'A'.repeat(5_000)]
    for (const cursor of foreign) {
      expect(await listOf(store(), project, { limit: 1, cursor })).toBe('bad-cursor')
    }
  })
}
