import type { SqliteDatabase } from './sqlite-database.js'
import type { Store } from './types.js'

/** The most rows and bytes that one step deletes: some milliseconds, in which nobody is answered. */
const ROWS_AT_ONCE = 500
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
    remove: db.prepare(`DELETE FROM ${table} WHERE seq = ?`),
  }))
  const removeSettings = db.prepare('DELETE FROM projects WHERE id = ?')

  /**
   * Removes some personas; where there are none, some images, so that a persona that comes in between never
   * shows one that is gone; where there are none either, the settings.
   */
  function step(projectId: string): 'more' | 'settings' | 'nothing' {
    for (const { some, remove } of belongings) {
      const rows = some.all(projectId)
      let bytes = 0
      for (const { seq, id, size } of rows) {
        if (bytes > 0 && bytes + Number(size) > BYTES_AT_ONCE) break
        bytes += Number(size)
        forget(projectId, String(id))
        remove.changeOne(Number(seq))
      }
      if (rows.length > 0) return 'more'
    }
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
