import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { storageFault } from '../../errors/store.js'
import { faultKind } from './faults.js'

/** What is known of the state of an open database file. */
export interface FileHealth {
  /** Takes note of what a statement threw. */
  record(error: unknown): void
  /** Looks at the files. @throws ServiceError SERVICE_UNAVAILABLE where they are gone or damaged. */
  check(): void
  /** Whether a write failed to reach the disk, and none has succeeded since. */
  mustWrite(): boolean
  /** Takes note of a write that succeeded. */
  written(): void
}

/** The first 16 bytes of every database file (https://www.sqlite.org/fileformat.html#the_database_header). */
const MAGIC = Buffer.from('SQLite format 3\0')

/**
 * Watches the file of an open database. SQLite itself notices little: it keeps the file open when its name is
 * deleted, and in exclusive mode reads no page again that it has in memory.
 *
 * A check is a few microseconds, and finds: a database or WAL that was deleted or replaced, a database that
 * was cut short or overwritten at its beginning, and whatever a statement found before. It does not find
 * damage in pages that no statement has read; `PRAGMA quick_check` would, in seconds for a large file, in which
 * nobody else is answered.
 */
export function watchFile(file: string): FileHealth {
  const wal = `${file}-wal`
  const identity = (path: string) => {
    const { dev, ino, size } = statSync(path)
    return { size, same: `${dev}:${ino}` }
  }
  const opened = new Map([file, wal].map((path) => [path, identity(path).same]))
  let largest = 0
  let damage: unknown
  let unreachable = false

  function look() {
    for (const [path, same] of opened) {
      if (identity(path).same !== same) throw new Error(`${path} was replaced while it was open`)
    }
    // It never shrinks: pages that become free stay in the file.
    const { size } = identity(file)
    if (size < largest) throw new Error(`${file} was cut from ${largest} to ${size} bytes`)
    largest = size
    if (!beginningOf(file).equals(MAGIC)) throw new Error(`${file} no longer begins as a database does`)
  }

  return {
    record(error) {
      const kind = faultKind(error)
      // Damage stays until the file is restored, for which the service has to be stopped.
      if (kind === 'damaged') damage ??= error
      if (kind === 'unreachable') unreachable = true
    },
    check() {
      if (damage !== undefined) throw storageFault({ cause: damage })
      try {
        look()
      } catch (error) {
        throw storageFault({ cause: error })
      }
    },
    mustWrite: () => unreachable,
    written() {
      unreachable = false
    },
  }
}

function beginningOf(file: string): Buffer {
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(MAGIC.length)
    readSync(fd, bytes, 0, bytes.length, 0)
    return bytes
  } finally {
    closeSync(fd)
  }
}
