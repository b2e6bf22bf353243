import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type Libsql from 'libsql'
import Database from 'libsql'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { Persona } from '../../../src/personas/schema.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import type { Store } from '../../../src/store/store.js'
import { found } from '../contract-finding.js'
import { type StatementFault, statementFaults } from '../faulty-libsql.js'
import { type Asked, expectedOf } from '../finding-model.js'
import { insert, listOf, range, T0 } from '../samples.js'
import { filedRows } from './filed-rows.js'

vi.mock('libsql', async (importActual) => {
  const { default: Actual } = await importActual<{ default: typeof Libsql }>()
  const { faultyDatabase } = await import('../faulty-libsql.js')
  return { default: faultyDatabase(Actual) }
})

/** The project of `earlier`, with 450 personas that have no text to be found by. */
const PROJECT = 'old'
const asked: (Asked & { limit: number })[] = [
  { q: 'PERSONA', limit: 500 },
  { q: 'persona 37', sort: '-name', limit: 3 },
  { q: '44', sort: '-createdAt', limit: 500 },
  { q: 'nowhere', limit: 5 },
]

const base = mkdtempSync(join(tmpdir(), 'personas-filling-'))
const earlier = join(base, 'earlier')
let folders = 0
let all: Persona[] = []
const opened = new Set<Store>()

/** A copy of a folder: what a process that is killed now leaves of it. */
function copyOf(dir: string): string {
  folders += 1
  const copy = join(base, String(folders))
  cpSync(dir, copy, { recursive: true })
  return copy
}

function open(dir: string): Store {
  const store = openSqliteStore(dir)
  opened.add(store)
  return store
}

async function close(store: Store): Promise<void> {
  opened.delete(store)
  await store.close()
}

beforeAll(async () => {
  const made = copyOf(mkdtempSync(join(base, 'made-')))
  const db = new Database(join(made, 'personas.db'))
  db.exec(readFileSync(new URL('schema-4.sql', import.meta.url), 'utf8'))
  db.close()
  cpSync(made, earlier, { recursive: true })
  const store = open(made)
  const page = await listOf(store, PROJECT, { limit: 1_000 })
  all = page === 'bad-cursor' ? [] : page.items
  expect(all).toHaveLength(450)
  await close(store)
})
afterEach(async () => {
  statementFaults.disarm()
  for (const store of opened) await close(store)
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** Every search finds what is there, each persona once. */
async function findsAll(store: Store, personas = all): Promise<void> {
  for (const each of asked) expect(await found(store, PROJECT, each)).toEqual(expectedOf(personas, each))
}

/** Searches at once, of which each may fail as one does that a caller may repeat, but finds nothing wrong. */
async function searchAtOnce(store: Store): Promise<void> {
  const searches = asked.map(async (each) => {
    const outcome = await found(store, PROJECT, each).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    else expect(outcome).toEqual(expectedOf(all, each))
  })
  await Promise.all(searches)
}

/** How many statements the first searches of a project send. */
async function countStatements(): Promise<number> {
  const store = open(copyOf(earlier))
  // None fails, as none has this place.
  statementFaults.arm({ at: Number.MAX_SAFE_INTEGER, count: 1, when: 'before', code: 'SQLITE_FULL' })
  await searchAtOnce(store)
  const count = statementFaults.seen()
  await close(store)
  return count
}

/** Searches while a statement fails; then everything is found, and also by the process that comes next. */
async function failsOnce(fault: StatementFault): Promise<void> {
  const dir = copyOf(earlier)
  const store = open(dir)
  statementFaults.arm(fault)
  await searchAtOnce(store)
  expect(statementFaults.disarm().failed).not.toEqual([])
  const left = copyOf(dir)
  await store.ping()
  await findsAll(store)
  await close(store)
  filedRows(dir)
  const next = open(left)
  await findsAll(next)
  await close(next)
  filedRows(left)
  for (const folder of [dir, left]) rmSync(folder, { recursive: true })
}

it('finds everything once, whichever statement fails while rows of an earlier version are given texts', async () => {
  const count = await countStatements()
  expect(count).toBeGreaterThan(2 * all.length)
  const kinds = ['before', 'after', 'ended'] as const
  // The first ones, and some of those that follow, each in another way.
  const places = range(count).filter((at) => at < 8 || at % 149 === 0)
  for (const [n, at] of places.entries()) {
    const code = n % 2 === 0 ? 'SQLITE_FULL' : 'SQLITE_IOERR'
    await failsOnce({ at, count: 1 + (n % 3), when: kinds[n % 3] ?? 'before', code })
  }
  // Those that end a step.
  for (const when of kinds)
    for (const at of range(3)) await failsOnce({ at, sql: 'COMMIT', count: 1, when, code: 'SQLITE_IOERR' })
}, 120_000)

/** How many rows have a text. */
function textsIn(dir: string): number {
  // libsql keeps a file that was read for a while: a copy is read.
  const db = new Database(join(copyOf(dir), 'personas.db'))
  const row = db.prepare('SELECT count(*) AS count FROM persona_search').get() as { count: number }
  db.close()
  return row.count
}

it('finds everything once after a process was killed between two steps', async () => {
  const dir = copyOf(earlier)
  const store = open(dir)
  let isOver = false
  // One alone: several fill as much in one transaction.
  const searching = found(store, PROJECT, { q: 'persona', limit: 500 }).finally(() => {
    isOver = true
  })
  const left: string[] = []
  for (; !isOver; await setImmediate()) left.push(copyOf(dir))
  await searching
  const filled = new Set<number>()
  for (const folder of left) {
    const count = textsIn(folder)
    if (filled.has(count)) continue
    filled.add(count)
    const next = open(folder)
    const changed = all[200]
    if (changed === undefined) throw new Error('There is none')
    await next.updatePersona(PROJECT, changed.id, { name: 'other', now: T0 })
    const created = await insert(next, PROJECT, { name: 'persona 3744' })
    await next.deletePersona(PROJECT, all[300]?.id ?? '')
    const now = (await next.findPersona(PROJECT, changed.id)) ?? changed
    const expected = [...all.map((each) => (each.id === now.id ? now : each)), created]
    await findsAll(
      next,
      expected.filter(({ id }) => id !== all[300]?.id),
    )
    await close(next)
    filedRows(folder)
  }
  // Before the first step, after the last, and in between.
  expect([...filled].sort((a, b) => a - b)).toEqual([0, 100, 200, 300, 400, 450])
}, 60_000)
