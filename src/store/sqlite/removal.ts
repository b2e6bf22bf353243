import type { Store } from '../store.js'
import type { SqliteDatabase } from './database.js'
import type { VersionSteps } from './versions.js'

/** The most rows and bytes that one step deletes: some milliseconds, in which nobody is answered. */
const ROWS_AT_ONCE = 200
const BYTES_AT_ONCE = 4 * 1024 * 1024

/** Whether one more row of so many bytes may be deleted in a step; the first always is. */
function stepLimit(): { fits(bytes: number): boolean; isUsed(): boolean } {
  let rows = 0
  let total = 0
  return {
    fits(bytes) {
      if (rows > 0 && (rows === ROWS_AT_ONCE || total + bytes > BYTES_AT_ONCE)) return false
      rows += 1
      total += bytes
      return true
    },
    isUsed: () => rows > 0,
  }
}

interface PersonaSteps {
  /** Told each persona within the transaction that removes it. */
  forget(projectId: string, id: string): void
  versions: Pick<VersionSteps, 'dropOldest'>
}

/** Deleting a project in SQLite, in steps of one transaction each. */
export function sqliteRemoval(
  db: SqliteDatabase,
  { forget, versions }: PersonaSteps,
): Pick<Store, 'deleteProject'> {
  const belongings = [
    // A history goes with its persona, and before that as it always does: its oldest versions first.
    { table: 'personas', column: 'body', clear: versions.dropOldest },
    { table: 'images', column: 'bytes', clear: () => true },
  ].map(({ table, column, clear }) => ({
    clear,
    some: db.prepare(
      `SELECT seq, id, octet_length(${column}) AS size FROM ${table} WHERE project_id = ? LIMIT ${ROWS_AT_ONCE}`,
    ),
    remove: db.prepare(`DELETE FROM ${table} WHERE seq IN (SELECT value FROM json_each(?))`),
  }))
  const removeProgress = db.prepare('DELETE FROM search_progress WHERE project_id = ?')
  const removeSettings = db.prepare('DELETE FROM projects WHERE id = ?')

  /**
   * Removes some personas; where there are none, some images, so that a persona that comes in between never
   * shows one that is gone; where there are none either, the settings.
   */
  function step(projectId: string): 'more' | 'settings' | 'nothing' {
    for (const { clear, some, remove } of belongings) {
      const places: number[] = []
      const limit = stepLimit()
      for (const { seq, id, size } of some.all(projectId)) {
        if (!clear(projectId, String(id), limit.fits) || !limit.fits(Number(size))) break
        places.push(Number(seq))
        forget(projectId, String(id))
      }
      if (!limit.isUsed()) continue
      const count = remove.run(JSON.stringify(places))
      if (count !== places.length) throw new Error(`Deleted ${count} rows instead of ${places.length}`)
      return 'more'
    }
    removeProgress.run(projectId)
    return removeSettings.run(projectId) > 0 ? 'settings' : 'nothing'
  }

  return {
    async deleteProject(id) {
      for (let removed = false; ; removed = true) {
        // Each write waits for its turn, and what came meanwhile is answered first.
        const outcome = await db.write(() => step(id))
        if (outcome !== 'more') return removed || outcome === 'settings'
      }
    },
  }
}
