import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { NewPersona } from '../../src/personas/change.js'
import type { Persona } from '../../src/personas/schema.js'
import { countTags, queryOf } from '../../src/personas/search.js'
import type { Store } from '../../src/store/store.js'
import { type Asked, drafts, expectedOf, questions } from './finding-model.js'
import { insert, listOf, newPersona, persona, range, T0 } from './samples.js'

type Page = Exclude<Awaited<ReturnType<typeof listOf>>, 'bad-cursor'>

async function pageOf(
  store: Store,
  project: string,
  asked: Asked & { limit: number; cursor?: string | undefined },
): Promise<Page> {
  const { limit, cursor, ...filters } = asked
  const page = await listOf(store, project, { limit, cursor, query: queryOf(filters) })
  if (page === 'bad-cursor') throw new Error(`The store refuses its own cursor ${cursor}`)
  return page
}

/** All personas that a query leaves, page by page; `between` is done after each. */
export async function found(
  store: Store,
  project: string,
  asked: Asked & { limit: number },
  between = async () => {},
) {
  const all: Persona[] = []
  let cursor: string | undefined
  do {
    const page = await pageOf(store, project, { ...asked, cursor })
    expect(page.items.length).toBeLessThanOrEqual(asked.limit)
    all.push(...page.items)
    cursor = page.nextCursor
    await between()
  } while (cursor !== undefined)
  return all
}

/** Finding personas by tags, words and name, in every order. */
export function findingContract(store: () => Store, sortsByBytes: boolean) {
  async function everyPersona(project: string) {
    return (await pageOf(store(), project, { limit: 1_000 })).items
  }

  it('finds what a plain look at every persona finds, in the same order, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, questions, async (given, asked) => {
        const project = randomUUID()
        let now = T0
        for (const { after, change: _, ...fields } of given) {
          now += after
          await store().insertPersona(project, newPersona(fields), now)
        }
        for (const [at, { id }] of (await everyPersona(project)).entries()) {
          const change = given[at]?.change
          now += at % 2
          if (change === 'delete') await store().deletePersona(project, id)
          if (change === 'rename')
            await store().updatePersona(project, id, { name: `${at} new`, description: null, now })
          if (change === 'retag') await store().updatePersona(project, id, { tags: ['Billing', 'x'], now })
          if (change === 'touch') await store().updatePersona(project, id, { systemPrompt: 'touched', now })
        }
        const all = await everyPersona(project)
        for (const { limit, ...question } of asked) {
          if (!sortsByBytes && question.sort?.endsWith('name')) continue
          // Some of what is there is asked for by its name.
          const name = question.name !== undefined && limit > 2 ? all[0]?.name : question.name
          const filters = { ...question, ...(name !== undefined && { name }) }
          const expected = expectedOf(all, filters)
          expect(await found(store(), project, { ...filters, limit }), JSON.stringify(filters)).toEqual(
            expected,
          )
        }
        await store().deleteProject(project)
        for (const { limit, ...question } of asked)
          expect(await found(store(), project, { ...question, limit })).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['ärger', ['Ärger', 'a\u0308RGER', 'ARGER']],
    ['strasse', ['Straße', 'STRASSE', 'STRAẞE']],
    ['istanbul', ['İstanbul', 'ISTANBUL', 'ıstanbul']],
    ['ὀδυσσεύς', ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς', 'οδυσσευσ ']],
    ['σ', ['ΟΔΟΣ', 'οδος', 'σα']],
    ['ΟΔΟΣ', ['οδοσήμανση']],
    ['ﬁn', ['FIN', 'fin', 'ﬁne']],
    ['ガ', ['ｶﾞ', 'カ']],
    ['東京', ['東京都']],
    ['한', ['한국']],
    ['❤', ['❤️']],
    ['50%_', ['50%_ off']],
    ['\\d+', ['a\\d+b']],
    ['"a" OR b*', ['b* or "A"']],
  ])('finds %j in %j, and not in other texts', async (q, descriptions) => {
    const project = randomUUID()
    await insert(store(), project, { description: 'bxdd 5012 OF dddd' })
    const ids: string[] = []
    for (const description of descriptions) ids.push((await insert(store(), project, { description })).id)
    expect((await found(store(), project, { q, limit: 2 })).map(({ id }) => id)).toEqual(ids)
  })

  it('looks for a word within one of the texts, and for each word in any of them', async () => {
    const project = randomUUID()
    const given = {
      name: 'An impatient user',
      description: 'calls twice',
      tags: ['Billing', 'late fee'],
      systemPrompt: 'rude',
    }
    const { id } = await insert(store(), project, given)
    const isFound = async (q: string) =>
      (await found(store(), project, { q, limit: 5 })).some((each) => each.id === id)
    for (const q of ['patient', 'fee TWICE  imp', ' ', '', '\u3000', 'e', 'te fe'.split(' ').join(' ')]) {
      expect(await isFound(q), q).toBe(true)
    }
    for (const q of ['usercalls', 'twicebilling', 'rude', 'impatient angry', 'latefee', 'billinglate']) {
      expect(await isFound(q), q).toBe(false)
    }
  })

  it('has the changes of a persona, its portrait and its deletion in every order at once', async () => {
    const project = randomUUID()
    const [a, b] = [
      await insert(store(), project, { name: 'a', tags: ['one'] }),
      await insert(store(), project, { name: 'b' }),
    ]
    const ids = async (asked: Asked) =>
      (await found(store(), project, { ...asked, limit: 1 })).map(({ id }) => id)
    expect(await ids({ sort: '-updatedAt' })).toEqual([b.id, a.id])
    const image = {
      id: `${randomUUID()}.png`,
      role: 'persona-avatar',
      format: 'png',
      bytes: Buffer.from('x'),
    } as const
    await store().storePortrait(project, a.id, { image, now: T0 + 1 })
    expect(await ids({ sort: '-updatedAt' })).toEqual([a.id, b.id])
    expect(await ids({ tags: ['ONE'], q: 'one' })).toEqual([a.id])
    await store().updatePersona(project, a.id, { name: 'c', tags: ['two'], now: T0 + 2 })
    expect(await ids({ sort: 'name' })).toEqual([b.id, a.id])
    expect(await ids({ tags: ['one'] })).toEqual([])
    expect(await ids({ tags: ['two'], q: 'c', name: 'c' })).toEqual([a.id])
    await store().updatePersona(project, a.id, { tags: null, now: T0 + 3 })
    expect(await ids({ q: 'two' })).toEqual([])
    await store().deletePersona(project, a.id)
    for (const asked of [{ sort: 'name' }, { sort: 'updatedAt' }, { q: 'c' }, { name: 'c' }] as const) {
      expect(await ids(asked)).not.toContain(a.id)
    }
  })

  it('finds what was moved in from another store', async () => {
    const project = randomUUID()
    const at = new Date(T0).toISOString()
    const records = range(3).map((n) => ({
      projectId: project,
      persona: {
        ...newPersona({ name: `Nº ${n}`, tags: n === 1 ? ['Moved'] : ['x'] }),
        version: 1,
        createdAt: at,
        updatedAt: at,
      },
    }))
    await store().transfer.personas.append(records)
    expect(await found(store(), project, { q: 'no', limit: 2 })).toHaveLength(3)
    expect(await found(store(), project, { tags: ['moved'], limit: 2 })).toEqual([records[1]?.persona])
    expect(await store().listTagSpellings(project)).toEqual([
      { tag: 'x', count: 2 },
      { tag: 'Moved', count: 1 },
    ])
  })

  const staying = (n: number): Partial<NewPersona> => ({
    name: `stays ${String(n).padStart(2, '0')}`,
    tags: ['t'],
  })
  it.each<Asked & { sort: string }>([
    { sort: 'name' },
    { sort: '-name', q: 'sta' },
    { sort: 'createdAt', tags: ['T'] },
    { sort: '-createdAt', q: 'st' },
    { sort: '-updatedAt', tags: ['t'], q: 'ys' },
    { sort: 'updatedAt' },
  ])(
    'shows what is there throughout exactly once while others come and go around its cursor: %j',
    async (asked) => {
      const project = randomUUID()
      const ids: string[] = []
      const passing: string[] = []
      for (const n of range(12)) {
        ids.push((await insert(store(), project, staying(n), T0 + n)).id)
        passing.push((await insert(store(), project, { name: `stays ${n} not`, tags: ['t'] }, T0 + n)).id)
      }
      let round = 0
      const seen = await found(store(), project, { ...asked, limit: 3 }, async () => {
        for (const id of passing.splice(0, 3)) await store().deletePersona(project, id)
        await insert(store(), project, { name: `stays late ${round++}`, tags: ['t'] }, T0 + 100 + round)
        if (round > 30) throw new Error('There is no end of it')
      })
      const expected = asked.sort.startsWith('-') ? ids.toReversed() : ids
      expect(seen.map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(expected)
    },
  )

  it('goes on behind a persona that is deleted, or has changed its place', async () => {
    for (const sort of ['name', 'updatedAt', '-name', '-updatedAt', '-createdAt'] as const) {
      const project = randomUUID()
      for (const n of range(6)) await insert(store(), project, staying(n), T0 + n)
      const all = await found(store(), project, { sort, limit: 10 })
      const first = await pageOf(store(), project, { sort, limit: 3 })
      await store().deletePersona(project, persona(first.items[2] ?? null).id)
      const rest = await pageOf(store(), project, { sort, limit: 10, cursor: first.nextCursor })
      expect(rest.items).toEqual(all.slice(3))
    }
  })

  it('takes a cursor for the query that it was made for, however that is spelled, and for no other', async () => {
    const project = randomUUID()
    for (const n of range(4)) await insert(store(), project, staying(n))
    const askedFor: Asked[] = [
      {},
      { sort: 'name' },
      { sort: '-name' },
      { sort: '-createdAt' },
      { q: 's' },
      { tags: ['t'] },
      { tags: ['t'], q: 's' },
    ]
    const cursorOf = async (asked: Asked) =>
      (await pageOf(store(), project, { ...asked, limit: 1 })).nextCursor
    for (const [at, asked] of askedFor.entries()) {
      const cursor = await cursorOf(asked)
      expect(cursor).toBeDefined()
      for (const [other, filters] of askedFor.entries()) {
        const page = await listOf(store(), project, { limit: 1, cursor, query: queryOf(filters) })
        if (at === other) expect(page).toHaveProperty('items.length', 1)
        else expect(page).toBe('bad-cursor')
      }
    }
    const cursor = await cursorOf({ tags: ['t'], q: 'stays T', sort: 'createdAt' })
    const same = queryOf({ tags: ['T'], q: '  t stáys  t' })
    expect(await listOf(store(), project, { limit: 1, cursor, query: same })).toHaveProperty(
      'items.length',
      1,
    )
    const encoded = (text: string) => Buffer.from(text).toString('base64url')
    for (const foreign of [
      '',
      'x',
      '☃',
      encoded('9'.repeat(60)),
      'A'.repeat(4_000),
      `${await cursorOf({ sort: 'updatedAt' })}A`,
    ]) {
      const query = queryOf({ sort: 'updatedAt' })
      expect(await listOf(store(), project, { limit: 1, cursor: foreign, query })).toBe('bad-cursor')
    }
  })

  it('ends a page of what it found before more bytes than are asked for', async () => {
    const project = randomUUID()
    for (const n of range(8))
      await insert(store(), project, { ...staying(n), systemPrompt: 'ü'.repeat(2_000 * (n + 1)) })
    for (const asked of [{ sort: 'name' }, { sort: '-createdAt', q: 'stays' }] as const) {
      const query = queryOf(asked)
      const whole = await pageOf(store(), project, { ...asked, limit: 8 })
      expect(whole.bytes).toBe(Buffer.byteLength(`${JSON.stringify(whole.items)}\n`))
      for (const count of [1, 3, 7]) {
        const bytes = Buffer.byteLength(`${JSON.stringify(whole.items.slice(0, count))}\n`)
        const page = await listOf(store(), project, { limit: 8, maxBytes: bytes + 1, query })
        expect(page).toMatchObject({ bytes, endsEarly: true, items: whole.items.slice(0, count) })
        const cursor = page === 'bad-cursor' ? undefined : page.nextCursor
        expect(await listOf(store(), project, { limit: 8, cursor, query })).toHaveProperty(
          'items',
          whole.items.slice(count),
        )
      }
      expect(await listOf(store(), project, { limit: 8, maxBytes: whole.bytes, query })).toEqual(whole)
      const full = await listOf(store(), project, { limit: 8, maxBytes: 1, query })
      expect(full).toHaveProperty('items.length', 1)
    }
  })

  it('counts tags as they are used, whatever their case', async () => {
    const project = randomUUID()
    expect(await store().listTagSpellings(project)).toEqual([])
    const used = [
      ['Billing', 'late'],
      ['billing'],
      ['billing', 'Zorn', 'Straße'],
      ['BILLING', 'zorn'],
      ['STRASSE', 'ä'],
      ['Ä'],
      undefined,
    ]
    for (const tags of used) await insert(store(), project, { tags })
    await insert(store(), randomUUID(), { tags: ['billing', 'other'] })
    const counts = countTags(await store().listTagSpellings(project))
    expect(counts).toEqual([
      { tag: 'billing', count: 4 },
      { tag: 'STRASSE', count: 2 },
      { tag: 'Zorn', count: 2 },
      { tag: 'Ä', count: 2 },
      { tag: 'late', count: 1 },
    ])
    for (const { tag, count } of counts)
      expect(await found(store(), project, { tags: [tag], limit: 9 })).toHaveLength(count)
  })
}
