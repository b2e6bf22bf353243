import type { Store } from '../store.js'
import type { SqliteDatabase } from './database.js'

/** The most rows and bytes that one step deletes: some milliseconds, in which nobody is answered. */
const ROWS_AT_ONCE = 200
const BYTES_AT_ONCE = 4 * 1024 * 1024

/**
 * Deleting a project in SQLite, in steps of one transaction each. `forget` is told each persona within the
 * transaction that removes it.
 */
export function sqliteRemoval(
  db: SqliteDatabase,
  forget: (projectId: string, id: string) => void,
): Pick<Store, 'deleteProject'> {
  const belongings = [
    { table: 'personas', column: 'body' },
    { table: 'images', column: 'bytes' },
  ].map(({ table, column }) => ({
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
    for (const { some, remove } of belongings) {
      const places: number[] = []
      let bytes = 0
      for (const { seq, id, size } of some.all(projectId)) {
        bytes += Number(size)
        if (places.length > 0 && bytes > BYTES_AT_ONCE) break
        places.push(Number(seq))
        forget(projectId, String(id))
      }
      if (places.length === 0) continue
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
