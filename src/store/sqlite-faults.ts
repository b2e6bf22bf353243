import { ServiceError } from '../errors.js'

/** Whether the disk had no room for a change. */
export function isDiskFull(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_FULL')
}

function codeOf(error: unknown): string {
  // libsql has no code for a file that it cannot open.
  if (error instanceof Error && error.message.startsWith('ConnectionFailed')) return 'SQLITE_CANTOPEN'
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** What kept the database from being opened, as a line for the operator. */
export function startFault(error: unknown, dataDir: string, file: string): unknown {
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

/** As V8 says it. */
const TOO_LONG = 'Invalid string length'

/** Faults of the disk are the store's being unavailable, to callers; others pass. */
export function translate<T>(work: () => T): T {
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
    if (code === 'SQLITE_TOOBIG') throw new RangeError(TOO_LONG, { cause: error })
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

/** Whether an error is a violation of a unique index: of the one that ends in `column`, where it is given. */
export function violates(error: unknown, column = ''): boolean {
  return (
    codeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE' && error instanceof Error && error.message.endsWith(column)
  )
}
