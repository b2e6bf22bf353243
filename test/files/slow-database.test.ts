import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { databaseUnavailable } from '../../src/errors/store.js'
import { type ImportRequest, ImportService } from '../../src/files/import.js'
import { ImageService } from '../../src/images/service.js'
import { openSqliteStore } from '../../src/store/sqlite/sqlite.js'
import type { Store } from '../../src/store/store.js'

const projectId = 'p'

describe('an import into a database that is slow', () => {
  let store: Store
  beforeEach(() => {
    store = openSqliteStore(mkdtempSync(join(tmpdir(), 'personas-slow-')))
  })
  afterEach(() => store.close())

  /** An import of drafts into the store, but for some of its methods. */
  function bring(methods: Partial<Store>, names: readonly string[], more: object = {}) {
    const slow = new Proxy(store, {
      get: (target, key) => Reflect.get(methods, key) ?? Reflect.get(target, key),
    })
    const imports = new ImportService(slow, new ImageService(slow, { limit: () => undefined }))
    const { description, ...request } = { description: 'x', ...more }
    const rows = names.map((name) => ({ value: { name, description } }))
    const given: ImportRequest = { projectId, isStrict: false, ...request }
    return imports.import(given, rows)
  }

  const names = Array.from({ length: 230 }, (_, at) => `Persona ${at}`)
  const NOTHING = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 }

  it.each(['upsert', 'create'])('creates in smaller steps what takes too long in one: %s', async (mode) => {
    let most = 0
    // The first half of what is too much is stored, and its answer lost.
    const insertPersonas: Store['insertPersonas'] = async (project, given, now) => {
      if (given.length <= 20) return store.insertPersonas(project, given, now)
      most = Math.max(most, given.length)
      await store.insertPersonas(project, given.slice(0, given.length / 2), now)
      throw databaseUnavailable()
    }
    const report = await bring({ insertPersonas }, names, { mode })
    expect(report).toMatchObject({ ...NOTHING, created: 230 })
    expect(most).toBe(200)
    const stored = await store.findPersonasByName(projectId, names)
    expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(report.results.map(({ id }) => id)))
    expect(stored).toHaveLength(230)
  })

  it('tells of a change that it made, although its answer was lost', async () => {
    await bring({}, names)
    let lost = 0
    const updatePersona: Store['updatePersona'] = async (...change) => {
      const outcome = await store.updatePersona(...change)
      lost += 1
      if (lost === 50) throw databaseUnavailable()
      return outcome
    }
    const report = await bring({ updatePersona }, names, { description: 'y' })
    expect(report).toMatchObject({ ...NOTHING, updated: 230 })
    const versions = (await store.findPersonasByName(projectId, names)).map(({ version }) => version)
    expect(new Set(versions)).toEqual(new Set([2]))
  })

  it('ends where the database does not answer at all, after a few tries', async () => {
    let tries = 0
    const findPersonasByName = async () => {
      tries += 1
      throw databaseUnavailable()
    }
    await expect(bring({ findPersonasByName }, names)).rejects.toSatisfy(databaseUnavailable.is)
    expect(tries).toBe(3)
  })

  it('deletes one by one what takes too long together', async () => {
    await bring({}, names)
    let calls = 0
    const deletePersona: Store['deletePersona'] = async (...given) => {
      calls += 1
      const outcome = await store.deletePersona(...given)
      if (calls === 30) throw databaseUnavailable()
      return outcome
    }
    expect(await bring({ deletePersona }, ['Persona 0'], { prune: true })).toMatchObject({
      ...NOTHING,
      unchanged: 1,
      deleted: 229,
    })
    expect(await store.findPersonasByName(projectId, names)).toHaveLength(1)
  })

  it('what others change while the rest is deleted stays', async () => {
    await bring({}, ['a', 'b', 'c'])
    const [b] = await store.findPersonasByName(projectId, ['b'])
    // Each is read, and one of them is changed before it is deleted.
    const listPersonas: Store['listPersonas'] = async (...given) => {
      const page = await store.listPersonas(...given)
      await store.updatePersona(projectId, b?.id ?? '', { now: Date.now(), description: 'of others' })
      return page
    }
    const report = await bring({ listPersonas }, ['a'], { prune: true })
    expect(report).toMatchObject({ ...NOTHING, unchanged: 1, deleted: 1, failed: 1 })
    expect(report.results[1]).toMatchObject({
      name: 'b',
      action: 'failed',
      issues: [{ message: 'Persona "b" was changed meanwhile, and is not deleted' }],
    })
    expect(await store.findPersonasByName(projectId, ['b'])).toMatchObject([{ description: 'of others' }])
  })
})
