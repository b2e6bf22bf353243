import type Database from 'libsql'

/** How long the tasks of one transaction may take, in ms: nobody is answered meanwhile. */
const TRANSACTION_MS = 20

interface Waiting {
  task: () => unknown
  isOneStatement: boolean
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** How changes are written to the disk. */
export interface Commits {
  /** Runs a task in one transaction with all that come at once; it is rolled back individually if it throws. */
  write<T>(task: () => T): Promise<T>
  /** The same for a task that is a single statement. Where it comes alone it is its own transaction, which is quicker. */
  writeOne<T>(task: () => T): Promise<T>
}

/** Runs statements, translates what they throw, and first does what is due (see `endFailed`). */
export type Guard = <T>(task: () => T) => T

interface GroupCommit extends Commits {
  /** Ends the transaction that a failed ROLLBACK left open; nothing may read what it wrote. Throws while it cannot. */
  endFailed(): void
}

/**
 * One commit for all tasks that come at once. A task's promise is settled once the commit is on the disk;
 * `guarded` translates the faults.
 */
export function groupCommit(db: Database.Database, guarded: Guard): GroupCommit {
  // Prepared, it would take twice as long: libsql makes an object of what a statement that ran has changed.
  const statement = (sql: string) => () => guarded(() => db.exec(sql))
  const begin = statement('BEGIN IMMEDIATE')
  const commit = statement('COMMIT')
  const rollback = statement('ROLLBACK')
  const save = statement('SAVEPOINT task')
  const release = statement('RELEASE task')
  const undo = statement('ROLLBACK TO task')
  let waiting: Waiting[] = []
  let mustEnd = false

  /**
   * One of several tasks within the transaction: if it throws, its own changes are rolled back and no other's. An
   * error of the transaction itself is thrown: it concerns all of its tasks.
   */
  function perform({ task, resolve, reject }: Waiting): () => void {
    save()
    let value: unknown
    try {
      value = task()
    } catch (error) {
      // A full disk may have ended the whole transaction, and every task with it.
      if (!db.inTransaction) throw error
      undo()
      release()
      return () => reject(error)
    }
    release()
    return () => resolve(value)
  }

  /** The only task of its transaction, which ends with it. */
  function performAlone({ task, resolve }: Waiting): () => void {
    const value = task()
    return () => resolve(value)
  }

  function flush() {
    const [first, second] = waiting
    if (first?.isOneStatement !== true || second !== undefined) return commitWaiting()
    waiting = []
    try {
      first.resolve(first.task())
    } catch (error) {
      first.reject(error)
    }
  }

  /** Commits what waits, as much as is done in the time of one transaction. */
  function commitWaiting() {
    // What fails before the first task concerns all of them.
    let batch = waiting
    waiting = []
    try {
      begin()
      const until = performance.now() + TRANSACTION_MS
      const settlements: (() => void)[] = []
      const run = batch.length === 1 ? performAlone : perform
      while (settlements.length < batch.length && performance.now() < until) {
        const task = batch[settlements.length]
        if (task !== undefined) settlements.push(run(task))
      }
      waiting = batch.slice(settlements.length)
      batch = batch.slice(0, settlements.length)
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
        // The tasks have been rejected with what failed first.
      }
    }
    if (waiting.length > 0) setImmediate(flush)
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

  function enqueue<T>(task: () => T, isOneStatement: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // The list holds tasks of every type; each is settled with what it returned.
      waiting.push({ task, isOneStatement, resolve: resolve as Waiting['resolve'], reject })
      if (waiting.length === 1) setImmediate(flush)
    })
  }

  return {
    endFailed,
    write: (task) => enqueue(task, false),
    writeOne: (task) => enqueue(task, true),
  }
}
