import { join } from 'node:path'
import Database from 'libsql'
import { storeClosed } from '../../errors/store.js'
import { makeFolder } from '../../folder.js'
import { type Commits, type Guard, groupCommit } from './commit.js'
import { faultKind, isDiskFull, startFault, translated } from './faults.js'
import { type FileHealth, watchFile } from './health.js'
import { migrate } from './schema.js'

/** A value that can be bound: libsql ends the process over others, booleans and dates among them. */
export type Value = string | number | Buffer | null
type Row = Record<string, unknown>

/** One prepared statement. */
export interface Query {
  /** Runs it; returns the number of rows that it changed. */
  run(...values: Value[]): number
  /** Runs a change that must change exactly one row. @throws Error where it did not, and so fails its work. */
  changeOne(...values: Value[]): void
  get(...values: Value[]): Row | undefined
  all(...values: Value[]): Row[]
}

/** The open database file: statements, transactions and nothing of what is stored. */
export interface SqliteDatabase extends Commits {
  prepare(sql: string): Query
  /** Fails with SERVICE_UNAVAILABLE where the file is gone, damaged, or could not be read or written recently. */
  check(): Promise<void>
  close(): void
}

/**
 * Opens (and makes, or migrates) the database file in a folder. One process has it at a time: it holds the
 * file's lock until it is closed. Every commit is on the disk before it is acknowledged.
 *
 * @throws Error with one line for the operator: folder not writable, file in use, damaged or too new.
 */
export function openDatabase(dataDir: string): SqliteDatabase {
  const { db, health } = connect(dataDir)
  let open = true

  const guarded: Guard = (work) => {
    if (!open) throw storeClosed()
    commits.endFailed()
    try {
      return work()
    } catch (error) {
      health.record(error)
      throw translated(error)
    }
  }

  const commits = groupCommit(db, guarded)
  const readSchema = db.prepare('SELECT count(*) FROM sqlite_schema')
  const probe = db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', randomblob(8))")

  return {
    prepare(sql) {
      const statement = db.prepare(sql)
      // An array is bound as it is; of several arguments libsql makes one, and a lone object would be named values.
      const run: Query['run'] = (...values) => guarded(() => statement.run(values).changes)
      return {
        run,
        changeOne(...values) {
          const count = run(...values)
          if (count !== 1) throw new Error(`A statement changed ${count} rows instead of 1: ${sql}`)
        },
        // Row shapes follow from the SQL text beside each call.
        get: (...values) => guarded(() => statement.get(values) as Row | undefined),
        all: (...values) => guarded(() => statement.all(values) as Row[]),
      }
    },
    write: commits.write,
    writeOne: commits.writeOne,
    async check() {
      guarded(() => readSchema.get())
      health.check()
      if (!health.mustWrite()) return
      // It goes to the disk, as no read of a cached page does.
      await commits.writeOne(() => guarded(() => probe.run()))
      health.written()
    },
    close() {
      if (!open) return
      open = false
      // libsql keeps the file as long as a statement of it lives, so the lock is let go by hand: leaving the
      // WAL writes it into the file, and only then can the exclusive lock be left.
      try {
        if (db.inTransaction) db.exec('ROLLBACK')
        db.pragma('journal_mode = DELETE')
        db.pragma('locking_mode = NORMAL')
        db.prepare('SELECT 1 FROM projects').get()
      } catch (error) {
        // Nothing is lost: what a full disk has no room for stays in the WAL, and the next start reads it. And where
        // the files are gone or damaged, which /readyz says, there is nothing left to be done here.
        if (!isDiskFull(error) && faultKind(error) === undefined) throw error
      } finally {
        db.close()
      }
    },
  }
}

function connect(dataDir: string): { db: Database.Database; health: FileHealth } {
  const file = join(dataDir, 'personas.db')
  let db: Database.Database | undefined
  try {
    makeFolder(dataDir)
    db = new Database(file, { timeout: 500 })
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    // In pages: 32 MB are written back at once rather than 4, as hot pages are then written less often.
    db.pragma('wal_autocheckpoint = 8000')
    requireDurability(db)
    migrate(db, file)
    return { db, health: watchFile(file) }
  } catch (error) {
    db?.close()
    throw startFault(error, dataDir, file)
  }
}

/** A commit must be on the disk when it is acknowledged, whatever the library makes of the settings. */
function requireDurability(db: Database.Database) {
  const setting = (name: string) => Object.values((db.pragma(name) as Row[])[0] ?? {})[0]
  const FULL = 2
  if (setting('journal_mode') !== 'wal' || setting('synchronous') !== FULL) {
    throw new Error('SQLite does not take the settings that keep acknowledged writes')
  }
}
