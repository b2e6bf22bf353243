import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { storeClosed } from '../../../src/errors/store.js'
import type { Persona } from '../../../src/personas/schema.js'
import { queryOf } from '../../../src/personas/search.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import type { Store } from '../../../src/store/store.js'
import { found } from '../contract-finding.js'
import { type Asked, expectedOf } from '../finding-model.js'
import { insert, listOf, newPersona, range, T0 } from '../samples.js'
import { filedRows } from './filed-rows.js'

const closing: (() => Promise<unknown>)[] = []

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'personas-finding-'))
  closing.push(async () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function open(dir: string): Store {
  const store = openSqliteStore(dir)
  closing.unshift(() => store.close())
  return store
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const words = ['angry', 'billing', 'refund', 'quick', 'polite', 'shipping', 'invoice', 'manager']

/** Many personas: each has two of the words in turn, one in 2,000 a word of its own, and one in 4 a tag. */
async function fillLarge(store: Store, project: string, count: number) {
  const at = new Date(T0).toISOString()
  const records = range(count).map((n) => ({
    projectId: project,
    persona: {
      ...newPersona({
        // Not in the order of creation.
        name: `persona ${(n * 7919) % count}`,
        description: `${words[n % 8]} ${words[(n >> 3) % 8]}${n % 2_000 === 1_500 ? ' zebra 東京都' : ''}`,
        ...(n % 4 === 0 && { tags: ['Fourth', `t${n % 400}`] }),
      }),
      version: 1,
      createdAt: at,
      updatedAt: new Date(T0 + ((n * 31) % 977)).toISOString(),
    },
  }))
  for (let from = 0; from < count; from += 2_000)
    await store.transfer.personas.append(records.slice(from, from + 2_000))
  return records.map(({ persona }) => persona)
}

const COUNT = 12_000
const asked: Asked[] = [
  { q: 'zebra' },
  { q: 'ZÉBRA 東京', sort: '-createdAt' },
  { q: 'zeb ang', sort: 'name' },
  { q: '東京', sort: '-updatedAt' },
  { q: '東京都' },
  // Trigrams find many rows that have not the other word.
  { q: 'polite 京' },
  { q: 'polite 京', sort: '-createdAt' },
  { q: 'angry billing' },
  { q: 'angry billing', sort: '-name' },
  { q: 'angry angry quick' },
  { q: 'nowhere' },
  { q: 'zebra', tags: ['fourth'] },
  { q: 'nd', tags: ['FOURTH', 'T200'], sort: 'updatedAt' },
  { tags: ['t200', 'fourth'] },
  { tags: ['fourth'], sort: '-name' },
  { sort: 'updatedAt' },
  { sort: '-createdAt' },
]

/** How many rows have trigrams now. */
function trigramsIn(dir: string): number {
  // The store holds the file's lock: a copy is read.
  const copy = folder()
  for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(copy, name))
  const db = new Database(join(copy, 'personas.db'))
  const row = db.prepare('SELECT count(*) AS count FROM persona_trigrams').get() as { count: number }
  db.close()
  return row.count
}

describe('finding in a large project of SQLite', () => {
  async function compare(store: Store, all: Persona[]) {
    for (const question of asked) {
      const expected = expectedOf(all, question)
      const first = await listOf(store, 'large', { limit: 300, query: queryOf(question) })
      expect(first, JSON.stringify(question)).toHaveProperty('items', expected.slice(0, 300))
      if (expected.length > 1_000) continue
      expect(await found(store, 'large', { ...question, limit: 400 })).toEqual(expected)
    }
  }
  async function everyPersona(store: Store): Promise<Persona[]> {
    const list = await listOf(store, 'large', { limit: COUNT * 2 })
    if (list === 'bad-cursor') throw new Error('A list without a cursor has none to refuse')
    return list.items
  }

  it('finds the same before and while its rows get trigrams, with them, and as they change', async () => {
    const dir = folder()
    const store = open(dir)
    const small = await insert(store, 'small', { name: 'zebra', tags: ['fourth'] })
    const given = await fillLarge(store, 'large', COUNT)
    expect(trigramsIn(dir)).toBe(0)
    // The first of these begins to give them.
    await compare(store, given)
    await vi.waitFor(() => expect(trigramsIn(dir)).toBe(COUNT), { timeout: 20_000, interval: 200 })
    await compare(store, given)

    for (const n of range(60)) {
      const { id } = given[n * 190] ?? small
      if (n % 3 === 0) await store.deletePersona('large', id)
      else
        await store.updatePersona('large', id, {
          description: n % 3 === 1 ? 'zebra' : 'plain',
          now: T0 + 5_000 + n,
        })
      await insert(store, 'large', { description: `late ${n % 2 === 0 ? 'zebra 東京' : ''}` })
    }
    const all = await everyPersona(store)
    await compare(store, all)
    expect(await found(store, 'small', { q: 'zebra', limit: 2 })).toEqual([small])
    await store.close()
    // Those that came later are behind the rows with trigrams.
    expect(filedRows(dir).trigrams).toHaveLength(COUNT - 20)

    const again = open(dir)
    await compare(again, all)
    expect(await again.deleteProject('large')).toBe(true)
    expect(await found(again, 'large', { q: 'zebra', limit: 5 })).toEqual([])
    await again.close()
    expect(filedRows(dir)).toMatchObject({ personas: [{ project_id: 'small' }], trigrams: [] })
  }, 120_000)

  /** The longest time, in ms, for which nobody else is answered while something is done. */
  async function longestPause(work: () => Promise<unknown>): Promise<number> {
    let longest = 0
    let last = performance.now()
    const look = () => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
    const timer = setInterval(look, 1)
    await work()
    clearInterval(timer)
    look()
    return longest
  }

  it('answers others in between', async () => {
    const store = open(folder())
    await fillLarge(store, 'large', COUNT)
    let isDone = false
    const longest = await longestPause(async () => {
      const searching = Promise.all(
        range(8).map((n) =>
          listOf(store, 'large', { limit: 50, query: queryOf({ q: n % 2 === 0 ? 'qz' : 'zebra' }) }),
        ),
      ).then(() => {
        isDone = true
      })
      await insert(store, 'other')
      expect(isDone).toBe(false)
      await searching
    })
    // The statements of a search alone take a few milliseconds each; all of these would take many times that.
    expect(longest).toBeLessThan(250)
  }, 60_000)

  it('answers others while many count tags, or read versions', async () => {
    const store = open(folder())
    await fillLarge(store, 'large', COUNT)
    const systemPrompt = '\u{1f600}'.repeat(99_900)
    const { id } = await insert(store, 'other', { systemPrompt })
    await store.updatePersona('other', id, { description: 'new', now: T0 + 1 })
    const counting = () => store.listTagSpellings('large')
    const reading = () => store.findVersion('other', id, 1)
    for (const read of [counting, reading] as (() => Promise<unknown>)[]) {
      const began = performance.now()
      const longest = await longestPause(() => Promise.all(range(100).map(read)))
      // Each alone takes some milliseconds.
      const total = performance.now() - began
      expect(longest).toBeLessThan(total / 5)
    }
  }, 60_000)
})

describe('a file of an earlier version', () => {
  function openSchema(sql: string): { dir: string; store: Store } {
    const dir = folder()
    const db = new Database(join(dir, 'personas.db'))
    db.exec(readFileSync(new URL(sql, import.meta.url), 'utf8'))
    db.close()
    return { dir, store: open(dir) }
  }

  it.each([
    ['schema-1.sql', 'keyed', 'IMPATIENT'],
    ['schema-4.sql', 'old', 'persóna 377'],
  ])('of %s is not rewritten at the start, and found in', async (sql, project, q) => {
    const { dir, store } = openSchema(sql)
    const [one] = await found(store, project, {
      name: sql === 'schema-1.sql' ? 'impatient-user' : 'persona 377',
      limit: 5,
    })
    expect(one).toBeDefined()
    await store.close()
    const filed = new Database(join(dir, 'personas.db'))
    expect(filed.prepare('SELECT count(*) AS count FROM persona_search').get()).toMatchObject({ count: 0 })
    filed.close()

    const again = open(dir)
    expect(await found(again, project, { q, limit: 5 })).toEqual([one])
    expect(await again.listTagSpellings(project)).toEqual([])
    await again.close()
  })

  it('is found in wherever the giving of texts ended, with what has changed since', async () => {
    const { dir, store } = openSchema('schema-4.sql')
    const all = (await listOf(store, 'old', { limit: 1_000 })) as { items: Persona[] }
    expect(all.items).toHaveLength(450)
    const changed = all.items[3]
    if (changed === undefined) throw new Error('There is none')
    await store.updatePersona('old', changed.id, { name: 'renamed', tags: ['New'], now: T0 + 1 })
    const searching = found(store, 'old', { q: 'persona', limit: 100 })
    await insert(store, 'other')
    await store.close()
    await expect(searching).rejects.toThrow(storeClosed.text)

    const again = open(dir)
    const created = await insert(again, 'old', { name: 'persona new' })
    await again.deletePersona('old', all.items[5]?.id ?? '')
    const ids = (await found(again, 'old', { q: 'PERSONA', limit: 100 })).map(({ id }) => id)
    const expected = [...all.items.filter((_, at) => at !== 3 && at !== 5), created].map(({ id }) => id)
    expect(ids).toEqual(expected)
    expect(await found(again, 'old', { tags: ['new'], q: 'renamed', limit: 2 })).toHaveLength(1)
    await again.close()
    filedRows(dir)
  })
})

describe('a search of many words in long texts', () => {
  // One character that is 18 once it is folded: 2,000 of them are the longest description, and the longest text.
  const description = '\ufdfa'.repeat(2_000)
  const q = range(100)
    .map((n) => String.fromCodePoint(0x4e00 + n))
    .join(' ')
  // All but the last word stand at the end of the text.
  const tags = [q.replaceAll(' ', '').slice(0, 50), q.replaceAll(' ', '').slice(50, 99)]

  it('lets others have their turn all the time, and ends with its caller', async () => {
    const store = open(folder())
    for (const n of range(150)) await insert(store, 'p', newPersona({ name: `n${n}`, description, tags }))
    let longest = 0
    let isOver = false
    const watch = async () => {
      for (let last = performance.now(); !isOver; last = performance.now()) {
        await new Promise((next) => setImmediate(next))
        longest = Math.max(longest, performance.now() - last)
      }
    }
    const began = performance.now()
    const watching = watch()
    const query = queryOf({ q })
    expect(query.words).toHaveLength(100)
    expect(await listOf(store, 'p', { limit: 500, query })).toMatchObject({ items: [] })
    const whole = performance.now() - began
    isOver = true
    await watching
    // Of statements of a hundred rows, whatever these take, one would be more than half of it.
    expect(longest / whole).toBeLessThan(0.3)

    const leaving = new AbortController()
    const given = store.listPersonas('p', { limit: 500, query, signal: leaving.signal })
    setImmediate(() => leaving.abort(new Error('left')))
    await expect(given).rejects.toThrow('left')
  })
})
