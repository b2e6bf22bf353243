import { diskFull, storageFault } from '../../errors/store.js'

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

/** What a fault says of the file: it is damaged for good, or it could not be read or written this time. */
export function faultKind(error: unknown): 'damaged' | 'unreachable' | undefined {
  const code = codeOf(error)
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'damaged'
  return /^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code) ? 'unreachable' : undefined
}

/** A fault of the disk as the store being unavailable; every other error as it is. */
export function translated(error: unknown): unknown {
  if (isDiskFull(error)) return diskFull({ cause: error })
  return faultKind(error) === undefined ? error : storageFault({ cause: error })
}

/** Whether an error is a violation of a unique index: of the one that ends in `column`, where it is given. */
export function violates(error: unknown, column = ''): boolean {
  return (
    codeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE' && error instanceof Error && error.message.endsWith(column)
  )
}
