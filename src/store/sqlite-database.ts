import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { ServiceError } from '../errors.js'

// One entry a schema version, applied in order; PRAGMA user_version counts those already applied.
const migrations = [
  `CREATE TABLE personas (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     project_id TEXT NOT NULL,
     id TEXT NOT NULL,
     name TEXT NOT NULL,
     description TEXT,
     system_prompt TEXT,
     image_url TEXT,
     headers TEXT,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX personas_name ON personas (project_id, name);
   CREATE UNIQUE INDEX personas_id ON personas (project_id, id);
   CREATE INDEX personas_order ON personas (project_id, seq);
   CREATE INDEX personas_image ON personas (project_id, image_url) WHERE image_url IS NOT NULL;
   CREATE TABLE projects (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     provider TEXT,
     models TEXT,
     key_ciphertext TEXT,
     key_mask TEXT,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE images (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     project_id TEXT NOT NULL,
     id TEXT NOT NULL,
     role TEXT NOT NULL,
     format TEXT NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX images_id ON images (project_id, id);
   CREATE INDEX images_role ON images (project_id, role, seq);`,
]

/** A value that can be bound: libsql ends the process over others, booleans and dates among them. */
type Value = string | number | Buffer | null
type Row = Record<string, unknown>

/** One prepared statement. It takes its values as an array, as a lone object argument is a trap of libsql. */
export interface Query {
  run(...values: Value[]): number
  get(...values: Value[]): Row | undefined
  all(...values: Value[]): Row[]
}

/** The open database file: statements, transactions and nothing of what is stored. */
export interface SqliteDatabase {
  prepare(sql: string): Query
  /** Runs `work` in one write transaction: all of it is kept or none. */
  transaction<T>(work: () => T): T
  close(): void
}

/**
 * Opens (and makes, or migrates) the database file in a folder. One process has it at a time: it holds the
 * file's lock until it is closed. Every commit is on the disk before it is acknowledged.
 *
 * @throws Error with one line for the operator: folder not writable, file in use, damaged or too new.
 */
export function openDatabase(dataDir: string): SqliteDatabase {
  const db = connect(dataDir)
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  let open = true

  function guarded<T>(work: () => T): T {
    if (!open) throw new ServiceError('SERVICE_UNAVAILABLE', 'The store is closed')
    return translate(work)
  }

  return {
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run: (...values) => guarded(() => statement.run(...values).changes),
        // Row shapes follow from the SQL text beside each call.
        get: (...values) => guarded(() => statement.get(...values) as Row | undefined),
        all: (...values) => guarded(() => statement.all(...values) as Row[]),
      }
    },
    transaction(work) {
      guarded(() => begin.run())
      try {
        const result = work()
        guarded(() => commit.run())
        return result
      } catch (error) {
        // Some faults (disk full) have ended the transaction already.
        if (db.inTransaction) rollback.run()
        throw error
      }
    },
    close() {
      if (!open) return
      open = false
      // libsql keeps the file as long as a statement of it lives, so the lock is let go by hand: leaving the
      // WAL writes it into the file, and only then can the exclusive lock be left.
      db.pragma('journal_mode = DELETE')
      db.pragma('locking_mode = NORMAL')
      db.prepare('SELECT 1 FROM projects').get()
      db.close()
    },
  }
}

function connect(dataDir: string): Database.Database {
  const file = join(dataDir, 'personas.db')
  let db: Database.Database | undefined
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    db = new Database(file, { timeout: 500 })
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    requireDurability(db)
    migrate(db, file)
    return db
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

function migrate(db: Database.Database, file: string) {
  const version = Number((db.pragma('user_version') as Row[])[0]?.user_version)
  if (version > migrations.length) {
    throw new Error(
      `${file} was written by a newer version of this service; upgrade it, or use another DATA_DIR`,
    )
  }
  // The transaction runs even with nothing to do: it takes the exclusive lock now rather than later.
  db.exec('BEGIN IMMEDIATE')
  for (const migration of migrations.slice(version)) db.exec(migration)
  db.exec(`PRAGMA user_version = ${migrations.length}`)
  db.exec('COMMIT')
}

function codeOf(error: unknown): string {
  // libsql has no code for a file that it cannot open.
  if (error instanceof Error && error.message.startsWith('ConnectionFailed')) return 'SQLITE_CANTOPEN'
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function startFault(error: unknown, dataDir: string, file: string): unknown {
  const code = codeOf(error)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new Error(
      `DATA_DIR ${dataDir} is in use by another running service; stop it, or use another DATA_DIR`,
    )
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return new Error(
      `${file} is damaged or not a database; restore it from a backup, or use another DATA_DIR`,
    )
  }
  if (/^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM)/.test(code)) {
    return new Error(
      `DATA_DIR ${dataDir} cannot be written (${code}); make it writable, or use another DATA_DIR`,
    )
  }
  if (/^(ENOSPC|SQLITE_FULL)/.test(code)) {
    return new Error(`DATA_DIR ${dataDir} has no space left (${code}); free some, or use another DATA_DIR`)
  }
  return error
}

/** Faults of the disk are the store's being unavailable, to callers; others pass. */
function translate<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = codeOf(error)
    if (code.startsWith('SQLITE_FULL')) {
      throw new ServiceError('SERVICE_UNAVAILABLE', 'The disk is full: nothing was stored', {
        reason: 'storage_full',
        retryAfter: 30,
        cause: error,
      })
    }
    if (/^SQLITE_(IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB)/.test(code)) {
      throw new ServiceError(
        'SERVICE_UNAVAILABLE',
        'The database does not answer; try again in a few seconds',
        {
          reason: 'storage_fault',
          retryAfter: 5,
          cause: error,
        },
      )
    }
    throw error
  }
}

/** Whether an error is a violation of the unique index over these columns, such as `personas.name`. */
export function violates(error: unknown, column: string): boolean {
  return (
    codeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE' && error instanceof Error && error.message.endsWith(column)
  )
}
