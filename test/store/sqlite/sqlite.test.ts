import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, describe, expect, it } from 'vitest'
import { storeClosed } from '../../../src/errors/store.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import { storeContract } from '../contract.js'
import { insert, listOf, T0 } from '../samples.js'

const folders: string[] = []

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'personas-sqlite-'))
  folders.push(made)
  return made
}

storeContract('SQLite', async () => {
  const store = openSqliteStore(mkdtempSync(join(tmpdir(), 'personas-sqlite-')))
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
      items: [{ id: '987fcdeb-51a2-4bc4-9567-890123456789', name: 'impatient-user', imageUrl }],
    })
    await store.close()
    await openSqliteStore(dir).close()
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
