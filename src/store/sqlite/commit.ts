import type Database from 'libsql'

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** How works that change things get to the disk. */
export interface Commits {
  /** Runs a work in one transaction with all that come at once; it is rolled back individually if it throws. */
  write<T>(work: () => T): Promise<T>
}

/** Runs statements, translates what they throw, and first does what is due (see `endFailed`). */
export type Guard = <T>(work: () => T) => T

interface GroupCommit extends Commits {
  /** Ends the transaction that a failed ROLLBACK left open; nothing may read what it wrote. Throws while it cannot. */
  endFailed(): void
}

/**
 * One commit for all works that come at once. A work's promise is settled once the commit is on the disk;
 * `guarded` translates the faults.
 */
export function groupCommit(db: Database.Database, guarded: Guard): GroupCommit {
  const statement = (sql: string) => {
    const prepared = db.prepare(sql)
    return () => guarded(() => prepared.run())
  }
  const begin = statement('BEGIN IMMEDIATE')
  const commit = statement('COMMIT')
  const rollback = statement('ROLLBACK')
  const save = statement('SAVEPOINT work')
  const release = statement('RELEASE work')
  const undo = statement('ROLLBACK TO work')
  let waiting: Waiting[] = []
  let mustEnd = false

  /**
   * One of several works within the transaction: what it throws takes its own changes back and no other's. A
   * step of the transaction itself that fails is thrown: none of its works can be told from the others then.
   */
  function perform({ work, resolve, reject }: Waiting): () => void {
    save()
    let value: unknown
    try {
      value = work()
    } catch (error) {
      // A full disk may have ended the whole transaction, and every work with it.
      if (!db.inTransaction) throw error
      undo()
      release()
      return () => reject(error)
    }
    release()
    return () => resolve(value)
  }

  /** The only work of its transaction, which ends with it. */
  function performAlone({ work, resolve }: Waiting): () => void {
    const value = work()
    return () => resolve(value)
  }

  function commitAll(batch: Waiting[]) {
    try {
      begin()
      const settlements = batch.map(batch.length === 1 ? performAlone : perform)
      commit()
      for (const settle of settlements) settle()
    } catch (error) {
      for (const { reject } of batch) reject(error)
      // Some faults (disk full) have ended the transaction already. Where ROLLBACK fails too, it is due before
      // anything else is done.
      mustEnd = db.open && db.inTransaction
      try {
        endFailed()
      } catch {
        // The works have been told what failed first.
      }
    }
  }

  function endFailed() {
    if (!mustEnd) return
    mustEnd = false
    try {
      rollback()
    } finally {
      mustEnd = db.inTransaction
    }
  }

  function flush() {
    const batch = waiting
    waiting = []
    commitAll(batch)
  }

  function write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // The list holds works of every type; each is settled with what it gave.
      waiting.push({ work, resolve: resolve as Waiting['resolve'], reject })
      if (waiting.length === 1) setImmediate(flush)
    })
  }

  return { endFailed, write }
}
