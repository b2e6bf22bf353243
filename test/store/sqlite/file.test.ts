import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { storeClosed } from '../../../src/errors/store.js'
import { openDatabase } from '../../../src/store/sqlite/database.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import type { Store } from '../../../src/store/store.js'
import { insert, listOf, newImage, range, storedPersona, T0 } from '../samples.js'

const closing: (() => Promise<unknown>)[] = []

function open() {
  const dir = mkdtempSync(join(tmpdir(), 'personas-sqlite-'))
  const store = openSqliteStore(dir)
  closing.push(async () => {
    // What a test did to the file may keep it from being written back.
    await store.close().catch(() => undefined)
    rmSync(dir, { recursive: true, force: true })
  })
  return { dir, file: join(dir, 'personas.db'), store }
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Adds personas as fast as it goes. */
async function fill(store: Store, projectId: string, count: number, systemPrompt = 'x'.repeat(1_000)) {
  const records = range(count).map(() => ({ projectId, persona: storedPersona({ systemPrompt }) }))
  await store.transfer.personas.append(records)
}

const unavailable = { code: 'SERVICE_UNAVAILABLE', reason: 'storage_fault' }

describe('the readiness of a SQLite store', () => {
  it.each<[string, (file: string) => void]>([
    ['the file is deleted', (file) => rmSync(file)],
    ['the WAL is deleted', (file) => rmSync(`${file}-wal`)],
    [
      'the file is replaced',
      (file) => {
        copyFileSync(file, `${file}.copy`)
        renameSync(`${file}.copy`, file)
      },
    ],
    [
      'the file is overwritten at its beginning',
      (file) => {
        const fd = openSync(file, 'r+')
        writeSync(fd, 'damaged '.repeat(4), 0)
        closeSync(fd)
      },
    ],
  ])('ends when %s', async (_, harm) => {
    const { store, file } = open()
    await insert(store, 'p')
    await store.ping()
    harm(file)
    await expect(store.ping()).rejects.toMatchObject(unavailable)
    await expect(store.ping()).rejects.toMatchObject(unavailable)
  })

  it('ends when the file is cut short', async () => {
    const { store, file, dir } = open()
    await fill(store, 'p', 1_000)
    await store.close()
    const again = openSqliteStore(dir)
    closing.unshift(() => again.close().catch(() => undefined))
    await again.ping()
    truncateSync(file, statSync(file).size - 4_096)
    await expect(again.ping()).rejects.toMatchObject(unavailable)
  })

  it('ends once a statement has met damage, and does not come back', async () => {
    const { store, file, dir } = open()
    await fill(store, 'p', 1_000)
    await store.close()
    const fd = openSync(file, 'r+')
    // All but the pages of the schema and of what is read at the start.
    const pages = statSync(file).size / 4_096
    for (const page of range(pages).slice(40))
      writeSync(fd, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096)
    closeSync(fd)
    const damaged = openSqliteStore(dir)
    closing.unshift(() => damaged.close().catch(() => undefined))
    await damaged.ping()
    await expect(listOf(damaged, 'p', { limit: 1_000 })).rejects.toMatchObject(unavailable)
    await expect(damaged.ping()).rejects.toMatchObject(unavailable)
    await damaged.findProject('p')
    await expect(damaged.ping()).rejects.toMatchObject(unavailable)
  })
})

describe('cursors of SQLite', () => {
  it('are of one project', async () => {
    const { store } = open()
    for (const project of ['p', 'q']) await fill(store, project, 3)
    const page = await listOf(store, 'p', { limit: 1 })
    if (page === 'bad-cursor' || page.nextCursor === undefined) throw new Error('There is no next page')
    const { nextCursor: cursor } = page
    expect(await listOf(store, 'p', { limit: 5, cursor })).toHaveProperty('items.length', 2)
    expect(await listOf(store, 'q', { limit: 5, cursor })).toBe('bad-cursor')
    expect(await listOf(store, 'p', { limit: 5, cursor: `${cursor}A` })).toBe('bad-cursor')
    const other = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`
    expect(await listOf(store, 'p', { limit: 5, cursor: other })).toBe('bad-cursor')
  })

  it('say nothing of how many personas were created', async () => {
    const { store } = open()
    await fill(store, 'p', 65)
    const cursors: Buffer[] = []
    for (const limit of range(64)) {
      const page = await listOf(store, 'p', { limit: limit + 1 })
      if (page === 'bad-cursor' || page.nextCursor === undefined) throw new Error('There is no next page')
      cursors.push(Buffer.from(page.nextCursor, 'base64url'))
    }
    // In the clear, the places 1 to 64 would differ in one byte.
    for (const at of range(16)) {
      const values = cursors.map((bytes) => bytes[at])
      expect(new Set(values).size).toBeGreaterThan(32)
    }
  })
})

describe('deleting a project of SQLite', () => {
  it('lets others write in between', async () => {
    const { store } = open()
    await fill(store, 'p', 2_000)
    let isDone = false
    const deleting = store.deleteProject('p').then((deleted) => {
      isDone = true
      return deleted
    })
    for (const _ of range(3)) await insert(store, 'other')
    expect(isDone).toBe(false)
    expect(await deleting).toBe(true)
    expect(await listOf(store, 'p', { limit: 1 })).toHaveProperty('items', [])
    expect(await listOf(store, 'other', { limit: 10 })).toHaveProperty('items.length', 3)
  })

  it('does not take many large images at once', async () => {
    const { store } = open()
    for (const _ of range(5)) await store.insertImage('p', newImage('upload', 3_000_000))
    const deleting = store.deleteProject('p')
    const left: number[] = []
    for (const _ of range(4)) {
      await insert(store, 'other')
      left.push((await store.listImageIds('p')).length)
    }
    expect(left).toEqual([4, 3, 2, 1])
    expect(await deleting).toBe(true)
    expect(await store.listImageIds('p')).toEqual([])
  })

  it('takes the oldest versions first, and each persona with its last', async () => {
    const { store } = open()
    const { id } = await insert(store, 'p')
    for (const step of range(4)) {
      await store.updatePersona('p', id, {
        systemPrompt: `${step}`.repeat(100_000),
        metadata: { step: `${step}` },
        now: T0,
      })
    }
    const large = '🙂'.repeat(100_000)
    const others = range(8).map(() => storedPersona({ systemPrompt: large, version: 2 }))
    await store.transfer.personas.append(others.map((persona) => ({ projectId: 'p', persona })))
    const histories = others.map((persona) => ({ projectId: 'p', persona: { ...persona, version: 1 } }))
    await store.transfer.versions.append(histories)
    const deleting = store.deleteProject('p')
    const seen: string[] = []
    for (const _ of range(3)) {
      await insert(store, 'other')
      for (const each of [id, ...others.map((other) => other.id)]) {
        const found = await store.listVersions('p', each, { limit: 10 })
        if (found === 'missing') continue
        const numbers = found.map(({ version }) => version)
        seen.push(numbers.join())
        // No gap from the current one down, however far it got.
        expect(numbers).toEqual(range(numbers.length).map((at) => Number(numbers[0]) - at))
      }
    }
    expect(new Set(seen).size).toBeGreaterThan(1)
    expect(await deleting).toBe(true)
    for await (const { projectId } of store.transfer.versions.read()) expect(projectId).toBe('other')
  })

  it('keeps the project listed where it ends early, so that it can be deleted again', async () => {
    const { store, dir } = open()
    await store.insertProject({ id: 'p', name: 'P' }, T0)
    await fill(store, 'p', 2_000)
    const deleting = store.deleteProject('p')
    await insert(store, 'other')
    await store.close()
    await expect(deleting).rejects.toThrow(storeClosed.text)
    const again = openSqliteStore(dir)
    closing.unshift(() => again.close())
    expect(await again.findProject('p')).toEqual({ id: 'p', name: 'P' })
    const page = await listOf(again, 'p', { limit: 2_000 })
    const left = page === 'bad-cursor' ? 0 : page.items.length
    expect([left > 0, left < 2_000]).toEqual([true, true])
    expect(await again.deleteProject('p')).toBe(true)
    expect(await again.deleteProject('p')).toBe(false)
  })

  it('forgets the personas that it read before', async () => {
    const { store } = open()
    const { id } = await insert(store, 'p')
    expect(await store.findPersona('p', id)).not.toBeNull()
    await store.deleteProject('p')
    expect(await store.findPersona('p', id)).toBeNull()
  })
})

describe('writes of SQLite', () => {
  it('fail where they change another number of rows than they mean to', () => {
    const dir = mkdtempSync(join(tmpdir(), 'personas-sqlite-'))
    const db = openDatabase(dir)
    closing.push(async () => {
      db.close()
      rmSync(dir, { recursive: true, force: true })
    })
    const touch = db.prepare('UPDATE projects SET name = name WHERE id = ?')
    expect(() => touch.changeOne('missing')).toThrow('changed 0 rows instead of 1')
    db.prepare('INSERT INTO projects (id, name, created_at) VALUES (?, ?, ?)').changeOne('p', 'p', T0)
    touch.changeOne('p')
  })

  it('that come at once and take long let others have their turn in between', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'personas-sqlite-'))
    const db = openDatabase(dir)
    closing.push(async () => {
      db.close()
      rmSync(dir, { recursive: true, force: true })
    })
    const done: number[] = []
    const busy = (n: number) => () => {
      for (const until = performance.now() + 10; performance.now() < until; );
      done.push(n)
    }
    const writes = Array.from({ length: 12 }, (_, n) => db.write(busy(n)))
    // It is asked for after them.
    const between = await new Promise<number>((resolve) => setImmediate(() => resolve(done.length)))
    expect(between).toBeLessThan(12)
    await Promise.all(writes)
    expect(done).toEqual(Array.from({ length: 12 }, (_, n) => n))
  })

  it('that wait while the store is closed are refused', async () => {
    const { store } = open()
    const writes = [store.deletePersona('p', 'x'), insert(store, 'p'), store.updateProject('p', {}, T0)]
    await store.close()
    for (const outcome of await Promise.allSettled(writes)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: storeClosed.text } })
    }
  })
})
