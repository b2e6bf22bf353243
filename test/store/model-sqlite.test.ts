import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/sqlite.js'
import { type StatementFault, statementFaults } from './faulty-libsql.js'
import { KEPT } from './model.js'
import { type FaultyStore, failEverywhere, MODEL_TIMEOUT, runAnySteps, sampleSteps } from './model-run.js'

vi.mock('libsql', async (importActual) => {
  const { default: Database } = await importActual<{ default: typeof Libsql }>()
  const { faultyDatabase } = await import('./faulty-libsql.js')
  return { default: faultyDatabase(Database) }
})

describe('SQLite whose statements fail agrees with the model', () => {
  let dataDir = ''
  let store = openNothing
  const faulty: FaultyStore<StatementFault> = {
    atOnce: true,
    store: () => store(),
    arm: statementFaults.arm,
    disarm() {
      const { failed, committed } = statementFaults.disarm()
      return { failed, unknown: committed }
    },
    // The first look finds that writes succeed again.
    recover: () => store().ping(),
    async storedVersions(project) {
      const found = []
      for await (const { projectId, persona } of store().transfer.versions.read()) {
        if (projectId === project) found.push({ id: persona.id, version: persona.version })
      }
      return found
    },
    async reopen() {
      await store().close()
      open()
    },
  }
  function open() {
    const opened = openSqliteStore(dataDir, { versionsKept: KEPT })
    store = () => opened
  }
  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'personas-model-'))
    open()
  })
  afterAll(async () => {
    await store().close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it.each(Object.entries(sampleSteps))(
    'at every statement of: %s',
    async (_, commands) => {
      for (const when of ['before', 'after', 'ended'] as const) {
        for (const count of [1, 3]) {
          const tried = await failEverywhere(faulty, commands, (at) => {
            const code = at % 2 === 0 ? 'SQLITE_FULL' : 'SQLITE_IOERR'
            return { at, count, when, code }
          })
          expect(tried).toBeGreaterThan(0)
        }
      }
    },
    MODEL_TIMEOUT,
  )

  const kindOfFault = {
    count: fc.integer({ min: 1, max: 4 }),
    when: fc.constantFrom('before', 'after', 'ended'),
    code: fc.constantFrom('SQLITE_FULL', 'SQLITE_IOERR'),
  } as const
  const fault: fc.Arbitrary<StatementFault> = fc.oneof(
    fc.record({ ...kindOfFault, at: fc.nat(20) }),
    fc.record({ ...kindOfFault, at: fc.constant(0), sql: fc.constant('COMMIT' as const) }),
  )
  it('in any order of steps', () => runAnySteps(faulty, fault, 80), MODEL_TIMEOUT)
})

function openNothing(): ReturnType<typeof openSqliteStore> {
  throw new Error('The store is not open')
}
