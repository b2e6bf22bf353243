import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { idsByPage, insert, listOf, newPersona, T0 } from './samples.js'

// Every code point but NUL and surrogates, which the service refuses.
const text = (maxLength: number) =>
  fc.string({ unit: 'binary', maxLength }).map((value) => value.replaceAll('\u0000', ''))
const token = fc
  .string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), minLength: 1, maxLength: 20 })
  .filter((name) => name !== '__proto__')
const visible = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
const fields = fc.record(
  {
    name: text(60),
    description: text(60),
    systemPrompt: text(200),
    headers: fc.dictionary(token, visible, { maxKeys: 6, noNullPrototype: true }),
  },
  { requiredKeys: ['name'] },
)

/** Creating, finding and deleting personas. */
export function personaContract(store: () => Store) {
  it('returns a new persona as it was given, with both times', async () => {
    const given = newPersona({
      description: 'In a hurry',
      systemPrompt: 'Be brief.',
      headers: { 'X-User-Language': 'en' },
    })
    const times = {
      version: 1,
      createdAt: '2026-01-28T10:00:00.000Z',
      updatedAt: '2026-01-28T10:00:00.000Z',
    }
    const project = randomUUID()
    expect(await store().insertPersona(project, given, T0)).toStrictEqual({ ...given, ...times })
    expect(await store().findPersona(project, given.id)).toStrictEqual({ ...given, ...times })
  })

  it('leaves absent fields out', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), project, { description: undefined, headers: undefined })
    const found = await store().findPersona(project, id)
    expect(Object.keys(found ?? {}).sort()).toEqual(['createdAt', 'id', 'name', 'updatedAt', 'version'])
  })

  it('gives back every text and header as it came', async () => {
    const project = randomUUID()
    await fc.assert(
      fc.asyncProperty(fields, async (sample) => {
        const given = { ...newPersona(), ...sample, name: `${randomUUID()}${sample.name}` }
        await store().insertPersona(project, given, T0)
        const { version, createdAt, updatedAt, ...found } = {
          ...(await store().findPersona(project, given.id)),
        }
        expect(found).toStrictEqual(given)

        const { id } = await insert(store(), project)
        const change = { ...sample, name: `${randomUUID()}${sample.name}` }
        await store().updatePersona(project, id, { ...change, now: T0 + 1 })
        expect(await store().findPersona(project, id)).toMatchObject({ ...change, id })
        // Some databases look through all that is there.
        for (const done of [id, given.id]) await store().deletePersona(project, done)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps names, spelling and order of headers', async () => {
    const headers = { 'X-B.c': '1', $set: '2', 'a.$b.': '3', 'X-a': '', constructor: '4', '~': '\tspaced ' }
    const project = randomUUID()
    const { id } = await insert(store(), project, { headers })
    const found = await store().findPersona(project, id)
    expect(Object.entries(found?.headers ?? {})).toEqual(Object.entries(headers))
    const { id: empty } = await insert(store(), project, { headers: {} })
    expect((await store().findPersona(project, empty))?.headers).toEqual({})
  })

  it('keeps texts of the greatest lengths', async () => {
    const project = randomUUID()
    const given = newPersona({
      name: '🙂'.repeat(200),
      description: '🙂'.repeat(2_000),
      systemPrompt: '🙂'.repeat(100_000),
    })
    await store().insertPersona(project, given, T0)
    expect(await store().findPersona(project, given.id)).toMatchObject(given)
  })

  it('takes a name once in a project', async () => {
    const project = randomUUID()
    const first = await insert(store(), project, { name: 'Anna' })
    expect(await store().insertPersona(project, newPersona({ name: 'Anna' }), T0)).toBe('name-taken')
    await insert(store(), randomUUID(), { name: 'Anna' })
    expect(await store().deletePersona(project, first.id)).toBe('deleted')
    await insert(store(), project, { name: 'Anna' })
  })

  it('distinguishes names that differ by case, accents, width or spaces', async () => {
    const project = randomUUID()
    const names = [
      'anna',
      'Anna',
      'ANNA',
      '\u00e4nna',
      'a\u0308nna',
      '\uff41nna',
      'an na',
      'anna\u200b',
      'i',
      '\u0130',
    ]
    for (const name of names) await insert(store(), project, { name })
    const page = await listOf(store(), project, { limit: 20 })
    expect(page).toMatchObject({ items: names.map((name) => ({ name })) })
  })

  it('finds a persona by its exact name, and lists names in order', async () => {
    const project = randomUUID()
    const first = await insert(store(), project, { name: 'Zoë @1 / 🙂', systemPrompt: 'x' })
    const second = await insert(store(), project, { name: 'anna' })
    await insert(store(), randomUUID(), { name: 'Anna' })
    expect(await store().findPersonasByName(project, ['Zoë @1 / 🙂'])).toStrictEqual([first])
    for (const name of ['Anna', 'Zoe @1 / 🙂', '']) {
      expect(await store().findPersonasByName(project, [name])).toEqual([])
    }
    const changed = await store().updatePersona(project, second.id, { name: 'Anna', now: T0 + 5 })
    expect(await store().findPersonasByName(project, ['anna'])).toEqual([])
    expect(await store().findPersonasByName(project, ['Anna'])).toStrictEqual([changed])
    expect(await store().listPersonaNames(project, 9)).toEqual([
      { name: first.name, updatedAt: first.updatedAt },
      { name: 'Anna', updatedAt: '2026-01-28T10:00:00.005Z' },
    ])
    expect(await store().listPersonaNames(project, 1)).toMatchObject([{ name: first.name }])
    expect(await store().deletePersona(project, first.id)).toBe('deleted')
    expect(await store().findPersonasByName(project, [first.name])).toEqual([])
    expect(await store().listPersonaNames(randomUUID(), 9)).toEqual([])
  })

  it('keeps projects apart, whatever their ids', async () => {
    const base = randomUUID()
    const ids = [base, base.toUpperCase(), `${base} `, `${base}é`, `${base}e`, `${base}%`, `${base}$.'"`]
    const shared = newPersona({ name: 'one' })
    for (const id of ids) await store().insertPersona(id, { ...shared, description: id }, T0)
    for (const id of ids) {
      expect((await store().findPersona(id, shared.id))?.description).toBe(id)
      expect(await listOf(store(), id, { limit: 10 })).toMatchObject({ items: [{ description: id }] })
    }
    expect(await store().deletePersona(base, shared.id)).toBe('deleted')
    expect(await store().findPersona(base, shared.id)).toBeNull()
    for (const id of ids.slice(1)) expect(await store().findPersona(id, shared.id)).not.toBeNull()
  })

  it('finds nothing under an unknown id', async () => {
    const project = randomUUID()
    await insert(store(), project)
    expect(await store().findPersona(project, randomUUID())).toBeNull()
    expect(await store().deletePersona(project, randomUUID())).toBe('missing')
    expect(await store().deletePersona(randomUUID(), randomUUID(), [])).toBe('missing')
  })

  it('deletes only the version that may be deleted', async () => {
    const project = randomUUID()
    const { id, updatedAt } = await insert(store(), project)
    expect(await store().deletePersona(project, id, [])).toBe('stale')
    expect(await store().deletePersona(project, id, ['2020-01-01T00:00:00.000Z'])).toBe('stale')
    expect(await store().findPersona(project, id)).not.toBeNull()
    expect(await store().deletePersona(project, id, ['2020-01-01T00:00:00.000Z', updatedAt])).toBe('deleted')
    expect(await store().findPersona(project, id)).toBeNull()
  })

  it('matches ids by prefix and counts them', async () => {
    const project = randomUUID()
    const ids = [
      '00000000-0000-4000-8000-000000000001',
      '00000000-0000-4000-8000-000000000002',
      '00000000-ffff-4fff-8fff-ffffffffffff',
      'ffffffff-ffff-4fff-bfff-ffffffffffff',
    ]
    for (const id of ids) await insert(store(), project, { id })
    await insert(store(), randomUUID(), { id: '00000000-0000-4000-8000-000000000003' })
    const match = (prefix: string) => store().matchPersonaId(project, prefix)

    expect(await match('00000000')).toMatchObject({ count: 3 })
    expect(await match('00000000-0000-4')).toMatchObject({ count: 2 })
    expect(await match('00000000-f')).toEqual({ count: 1, id: ids[2] })
    expect(await match('ffffffff')).toEqual({ count: 1, id: ids[3] })
    expect(await match(String(ids[0]))).toEqual({ count: 1, id: ids[0] })
    expect(await match('0000000a')).toEqual({ count: 0 })
    expect(await match('fffffffe')).toEqual({ count: 0 })
  })

  it('stores several at once, each whole or not at all, in the order in which they are given', async () => {
    const project = randomUUID()
    const taken = await insert(store(), project, { name: 'b' })
    const given = ['a', 'b', 'c', 'a', 'd'].map((name) => newPersona({ name }))
    const outcomes = await store().insertPersonas(project, given, T0)
    const names = outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.name))
    expect(names).toEqual(['a', 'name-taken', 'c', 'name-taken', 'd'])
    expect(outcomes[0]).toStrictEqual(await store().findPersona(project, given[0]?.id ?? ''))
    const stored = [taken, given[0], given[2], given[4]].map((each) => each?.id)
    expect(await idsByPage(store(), project, 2)).toEqual(stored)
    expect(await store().findPersona(project, taken.id)).toStrictEqual(taken)
    expect(await store().insertPersonas(project, [], T0)).toEqual([])
  })

  it('finds personas by their names, those of the project alone', async () => {
    const project = randomUUID()
    const [a, b] = [
      await insert(store(), project, { name: 'a' }),
      await insert(store(), project, { name: '1' }),
    ]
    await insert(store(), randomUUID(), { name: 'c' })
    const found = await store().findPersonasByName(project, ['1', 'c', 'a', 'A'])
    expect(found.sort((one, other) => (one.name < other.name ? 1 : -1))).toStrictEqual([a, b])
    expect(await store().findPersonasByName(project, [])).toEqual([])
  })
}
