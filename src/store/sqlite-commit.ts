import type Database from 'libsql'

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Runs works that change things in one transaction for all that come at once, each taken back alone if it
 * throws. A work's promise is settled once the commit is on the disk; `guarded` translates the faults.
 */
export function groupCommit(
  db: Database.Database,
  guarded: <T>(work: () => T) => T,
): <T>(work: () => T) => Promise<T> {
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
  function alone({ work, resolve }: Waiting): () => void {
    const value = work()
    return () => resolve(value)
  }

  function flush() {
    const batch = waiting
    waiting = []
    try {
      begin()
      const settlements = batch.length === 1 ? batch.map(alone) : batch.map(perform)
      commit()
      for (const settle of settlements) settle()
    } catch (error) {
      // Some faults (disk full) have ended the transaction already.
      if (db.inTransaction) rollback()
      for (const { reject } of batch) reject(error)
    }
  }

  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      // The list holds works of every type; each is settled with what it gave.
      waiting.push({ work, resolve: resolve as Waiting['resolve'], reject })
      if (waiting.length === 1) setImmediate(flush)
    })
}
