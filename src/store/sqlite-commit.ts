import type Database from 'libsql'

interface Waiting {
  work: () => unknown
  isOneStatement: boolean
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** How works that change things get to the disk. */
export interface Commits {
  /** Runs a work in one transaction with all that come at once; it is taken back alone if it throws. */
  write<T>(work: () => T): Promise<T>
  /** The same for a work of one statement, which needs no transaction where it comes alone. */
  writeOne<T>(work: () => T): Promise<T>
}

/**
 * One commit for all works that come at once. A work's promise is settled once the commit is on the disk;
 * `guarded` translates the faults.
 */
export function groupCommit(db: Database.Database, guarded: <T>(work: () => T) => T): Commits {
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

  /** One of several works within the transaction: what it throws takes its own changes back and no other's. */
  function perform({ work, resolve, reject }: Waiting): () => void {
    save()
    try {
      const value = work()
      release()
      return () => resolve(value)
    } catch (error) {
      // A full disk may have ended the whole transaction, and every work with it.
      if (!db.inTransaction) throw error
      undo()
      release()
      return () => reject(error)
    }
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
      // Some faults (disk full) have ended the transaction already.
      if (db.inTransaction) rollback()
      for (const { reject } of batch) reject(error)
    }
  }

  function flush() {
    const batch = waiting
    waiting = []
    const [first] = batch
    if (batch.length > 1 || first?.isOneStatement !== true) return commitAll(batch)
    try {
      first.resolve(first.work())
    } catch (error) {
      first.reject(error)
    }
  }

  const enqueue = <T>(work: () => T, isOneStatement: boolean) =>
    new Promise<T>((resolve, reject) => {
      // The list holds works of every type; each is settled with what it gave.
      waiting.push({ work, isOneStatement, resolve: resolve as Waiting['resolve'], reject })
      if (waiting.length === 1) setImmediate(flush)
    })

  return {
    write: (work) => enqueue(work, false),
    writeOne: (work) => enqueue(work, true),
  }
}
