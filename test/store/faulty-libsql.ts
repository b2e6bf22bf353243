import type Libsql from 'libsql'

/** A fault of the disk that statements of SQLite meet. */
export interface StatementFault {
  /** The statement that fails, counted from 0 (among those of this text, where one is given), and how many in a row do. */
  at: number
  sql?: 'COMMIT' | undefined
  count: number
  /** Whether it took effect before it failed; `ended`: it did not, and SQLite ended the transaction with it. */
  when: 'before' | 'after' | 'ended'
  code: 'SQLITE_FULL' | 'SQLITE_IOERR'
}

const MESSAGES = { SQLITE_FULL: 'database or disk is full', SQLITE_IOERR: 'disk I/O error' }

let armed: StatementFault | undefined
let seen = 0
let failed: string[] = []
let committed = false

/** The fault that the statements of every database of this process meet. */
export const statementFaults = {
  arm(fault: StatementFault | undefined): void {
    armed = fault
    seen = 0
    failed = []
    committed = false
  },
  /** How many statements came since they were armed. */
  seen: () => seen,
  /**
   * Ends the faults. Returns the statements that failed, and whether one of them was a commit that took effect:
   * nobody can know then whether its changes are there.
   */
  disarm() {
    armed = undefined
    return { failed, committed }
  },
}

/** The database class, with statements that meet the fault that is armed. */
export function faultyDatabase(Database: typeof Libsql): typeof Libsql {
  return class extends Database {
    override prepare(sql: string): any {
      const statement = super.prepare(sql)
      for (const method of ['run', 'get', 'all'] as const) {
        const run = statement[method].bind(statement) as (...values: unknown[]) => unknown
        Object.assign(statement, {
          [method]: (...values: unknown[]) => meet(this, sql, () => run(...values)),
        })
      }
      return statement
    }

    override exec(sql: string): any {
      return meet(this, sql, () => super.exec(sql))
    }
  } as typeof Libsql
}

function meet(db: Libsql.Database, sql: string, run: () => unknown): unknown {
  if (armed === undefined) return run()
  const { at, count, when, code } = armed
  if (armed.sql !== undefined && armed.sql !== sql && seen === 0) return run()
  // Those in a row behind it have any text: a ROLLBACK that fails as well, for one.
  const fails = seen >= at && seen < at + count
  seen += 1
  if (!fails) return run()
  failed.push(sql)
  const wasOpen = db.inTransaction
  if (when === 'after') {
    run()
    committed ||= sql === 'COMMIT' || (!wasOpen && !db.inTransaction && !/^SELECT/i.test(sql))
  }
  if (when === 'ended' && wasOpen) {
    const fault = armed
    armed = undefined
    db.exec('ROLLBACK')
    armed = fault
  }
  throw Object.assign(new Error(MESSAGES[code]), { code })
}
