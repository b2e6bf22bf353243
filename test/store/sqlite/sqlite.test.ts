import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, describe, expect, it } from 'vitest'
import { storeClosed } from '../../../src/errors/store.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import type { Store } from '../../../src/store/store.js'
import { storeContract } from '../contract.js'
import { insert, listOf, range, storedPersona, T0 } from '../samples.js'

const folders: string[] = []

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'personas-sqlite-'))
  folders.push(made)
  return made
}

storeContract('SQLite', async (options) => {
  const store = openSqliteStore(mkdtempSync(join(tmpdir(), 'personas-sqlite-')), options)
  return { store, close: () => store.close() }
})

describe('SQLite store', () => {
  afterEach(() => {
    for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true })
  })

  it('keeps what was stored over a restart, and goes on with a cursor from before it', async () => {
    const dir = folder()
    const first = openSqliteStore(dir)
    const made = [await insert(first, 'p'), await insert(first, 'p'), await insert(first, 'p')]
    const page = await listOf(first, 'p', { limit: 1 })
    await first.close()
    const second = openSqliteStore(dir)
    const cursor = page === 'bad-cursor' ? undefined : page.nextCursor
    expect(await listOf(second, 'p', { limit: 5, cursor })).toHaveProperty('items', made.slice(1))
    await second.close()
  })

  it('opens a file of the first schema with all that is in it', async () => {
    const dir = folder()
    const old = new Database(join(dir, 'personas.db'))
    old.exec(readFileSync(new URL('schema-1.sql', import.meta.url), 'utf8'))
    old.close()
    const store = openSqliteStore(dir)
    const apiKey = { ciphertext: 'c2VhbGVk', mask: 'sk-a...wxyz' }
    const keyed = { id: 'keyed', name: 'Keyed' }
    expect(await store.findProject('plain')).toStrictEqual({ id: 'plain', name: 'Plain' })
    expect(await store.findProject('keyed')).toStrictEqual({
      ...keyed,
      llmSettings: { provider: 'openai', models: { image: 'gpt-image-1' }, apiKey },
    })
    // A list of models could be stored empty.
    expect(await store.findProject('empty')).toMatchObject({ llmSettings: { provider: 'openai', apiKey } })
    const change = { maxConcurrency: 4, llmSettings: { provider: 'openai', models: { persona: 'p' } } }
    expect(await store.updateProject('keyed', change, T0)).toStrictEqual({
      ...keyed,
      maxConcurrency: 4,
      llmSettings: { provider: 'openai', models: { image: 'gpt-image-1', persona: 'p' }, apiKey },
    })
    const [imageUrl] = await store.listImageIds('keyed')
    expect(await listOf(store, 'keyed', { limit: 5 })).toMatchObject({
      items: [{ id: '987fcdeb-51a2-4bc4-9567-890123456789', name: 'impatient-user', imageUrl, version: 1 }],
    })
    await store.close()
    await openSqliteStore(dir).close()
  })

  it('reads personas from before there were versions as version 1, and does not rewrite them', async () => {
    const dir = folder()
    const old = new Database(join(dir, 'personas.db'))
    old.exec(readFileSync(new URL('schema-1.sql', import.meta.url), 'utf8'))
    const insertOld = old.prepare(
      'INSERT INTO personas (project_id, id, name, image_url, updated_at, body) VALUES (?, ?, ?, ?, ?, ?)',
    )
    const before = range(3).map((at) => {
      const { version: _, ...persona } = storedPersona({
        name: `old ${at}`,
        description: '🙂'.repeat(at * 700),
        headers: { version: '7', createdAt: 'x' },
        imageUrl: 'a.png',
      })
      insertOld.run(['p', persona.id, persona.name, 'a.png', T0, JSON.stringify(persona)])
      return persona
    })
    old.close()
    const expected = before.map((persona) => ({ ...persona, version: 1 }))
    const [first] = expected
    const { id = '', updatedAt, imageUrl, ...content } = { ...first }
    const store = openSqliteStore(dir)
    const { items, bytes } = { items: [], bytes: 0, ...(await pageOf(store)) }
    expect(items).toStrictEqual(expected)
    expect(bytes).toBe(Buffer.byteLength(`${JSON.stringify(expected)}\n`))
    for (const count of [1, 2, 3]) {
      const size = Buffer.byteLength(`${JSON.stringify(expected.slice(0, count))}\n`)
      expect(await pageOf(store, size)).toHaveProperty('items', expected.slice(0, count))
      expect(await pageOf(store, size - 1)).toHaveProperty('items.length', Math.max(1, count - 1))
    }
    for (const each of expected) expect(await store.findPersona('p', each.id)).toStrictEqual(each)
    expect(await store.listVersions('p', id, { limit: 5 })).toEqual([{ version: 1, updatedAt, changed: [] }])
    const now = T0 + 5
    expect(await store.updatePersona('p', id, { description: 'new', now })).toMatchObject({ version: 2 })
    expect(await store.findVersion('p', id, 1)).toStrictEqual({ id, updatedAt, ...content })
    expect(await store.listVersions('p', id, { limit: 5 })).toMatchObject([
      { version: 2, changed: ['description'] },
      { version: 1, changed: [] },
    ])
    await store.close()
    const file = new Database(join(dir, 'personas.db'))
    const untouched = file.prepare('SELECT body FROM personas WHERE id <> ? ORDER BY seq').all([id])
    // The driver's type of a row is unknown.
    const bodies = untouched.map((row) => (row as { body: string }).body)
    expect(bodies.filter((body) => !body.includes('impatient'))).toEqual(
      before.slice(1).map((each) => JSON.stringify(each)),
    )
    file.close()

    function pageOf(from: Store, maxBytes?: number) {
      return listOf(from, 'p', { limit: 10, maxBytes }).then((page) =>
        page === 'bad-cursor' ? undefined : page,
      )
    }
  })

  it('makes a data directory that is not there, several levels deep', async () => {
    const store = openSqliteStore(join(folder(), 'a', 'b'))
    await store.ping()
    await store.close()
  })

  it('refuses a data directory that another service uses', async () => {
    const dir = folder()
    const store = openSqliteStore(dir)
    expect(() => openSqliteStore(dir)).toThrow(/is in use by another running service/)
    await store.close()
    await openSqliteStore(dir).close()
  })

  it('refuses a file of a newer version, and one that is no database, by a line that names it', () => {
    const newer = folder()
    const db = new Database(join(newer, 'personas.db'))
    db.exec('PRAGMA user_version = 999')
    db.close()
    expect(() => openSqliteStore(newer)).toThrow(/personas\.db was written by a newer version/)
    const damaged = folder()
    writeFileSync(join(damaged, 'personas.db'), 'not a database '.repeat(1000))
    expect(() => openSqliteStore(damaged)).toThrow(/personas\.db is damaged or not a database/)
  })

  it('refuses a data directory that cannot be written', () => {
    const file = join(folder(), 'file')
    writeFileSync(file, '')
    expect(() => openSqliteStore(join(file, 'data'))).toThrow(/cannot be written/)
    const taken = folder()
    mkdirSync(join(taken, 'personas.db'))
    expect(() => openSqliteStore(taken)).toThrow(/cannot be written/)
  })

  it('leaves one whole file behind when it is closed, without a journal beside it', async () => {
    const dir = folder()
    const store = openSqliteStore(dir)
    await insert(store, 'p')
    expect(readdirSync(dir).sort()).toEqual(['personas.db', 'personas.db-wal'])
    await store.close()
    expect(readdirSync(dir)).toEqual(['personas.db'])
  })

  it('lets itself be closed twice, and refuses work afterwards', async () => {
    const store = openSqliteStore(folder())
    await store.close()
    await store.close()
    await expect(store.ping()).rejects.toThrow(storeClosed.text)
  })

  it('keeps the order of creation when the clock goes back over a restart', async () => {
    const dir = folder()
    const first = openSqliteStore(dir)
    const a = await insert(first, 'p', {}, T0)
    await first.close()
    const second = openSqliteStore(dir)
    const b = await insert(second, 'p', {}, T0 - 60_000)
    expect(await listOf(second, 'p', { limit: 5 })).toHaveProperty('items', [a, b])
    await second.close()
  })
})
