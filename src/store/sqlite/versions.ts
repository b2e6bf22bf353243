import { beginInTurn, type Limit } from '../../limit.js'
import { contentOf } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import type { Store } from '../store.js'
import type { SqliteDatabase } from './database.js'
import { BODY, toOrigin, toPersona } from './rows.js'

/** What a change of a persona does to its history, within the transaction of the change. */
export interface VersionSteps {
  /** Adds the current version, which is about to be replaced; the oldest ones go beyond as many as are kept. */
  keep(projectId: string, before: Persona): void
  /** Removes the history of a persona. */
  drop(projectId: string, id: string): void
  /** Removes versions, the oldest first, as long as `fits` says so of their bytes; false where some are left. */
  dropOldest(projectId: string, id: string, fits: (bytes: number) => boolean): boolean
}

type VersionReads = Pick<Store, 'listVersions' | 'findVersion'>

/** The entry of a version in the list. */
function toEntry(row: Record<string, unknown>) {
  const updatedAt = new Date(Number(row.updated_at)).toISOString()
  return { version: Number(row.version), updatedAt, ...toOrigin(row) }
}

/**
 * The histories of personas in SQLite, of at most `kept` versions each, the current one counted. `turns` are those of
 * reading a version.
 */
export function sqliteVersions(
  db: SqliteDatabase,
  { kept, turns }: { kept: number; turns: Limit },
): VersionReads & { steps: VersionSteps } {
  const current = db.prepare(`SELECT ${BODY} AS body FROM personas WHERE project_id = ? AND id = ?`)
  const newest = db.prepare(
    `SELECT json_extract(${BODY}, '$.version') AS version, updated_at, changed, reverted_from
     FROM personas WHERE project_id = ? AND id = ?`,
  )
  const list = db.prepare(
    `SELECT version, updated_at, changed, reverted_from FROM versions
     WHERE project_id = ? AND id = ? AND version < ? AND version > ? ORDER BY version DESC LIMIT ?`,
  )
  const find = db.prepare('SELECT body FROM versions WHERE project_id = ? AND id = ? AND version = ?')
  const insert = db.prepare(
    `INSERT INTO versions (project_id, id, version, updated_at, changed, reverted_from, body)
     SELECT project_id, id, ?3, updated_at, coalesce(changed, '[]'), reverted_from, ?4 FROM personas
     WHERE project_id = ?1 AND id = ?2`,
  )
  const sizes = db.prepare(
    `SELECT version, octet_length(body) AS size FROM versions WHERE project_id = ? AND id = ? ORDER BY version`,
  )
  const dropUpTo = db.prepare('DELETE FROM versions WHERE project_id = ? AND id = ? AND version <= ?')

  return {
    steps: {
      keep(projectId, before) {
        const { id, version } = before
        insert.changeOne(projectId, id, version, JSON.stringify(contentOf(before)))
        if (version >= kept) dropUpTo.run(projectId, id, version + 1 - kept)
      },

      drop(projectId, id) {
        dropUpTo.run(projectId, id, Number.MAX_SAFE_INTEGER)
      },

      dropOldest(projectId, id, fits) {
        const versions = sizes.all(projectId, id)
        const end = versions.findIndex(({ size }) => !fits(Number(size)))
        const last = (end === -1 ? versions : versions.slice(0, end)).at(-1)
        if (last !== undefined) dropUpTo.run(projectId, id, Number(last.version))
        return end === -1
      },
    },

    async listVersions(projectId, id, { limit, before = Number.MAX_SAFE_INTEGER }) {
      const row = newest.get(projectId, id)
      if (row === undefined) return 'missing'
      const version = Number(row.version)
      const shown = version < before ? [row] : []
      const older = list.all(projectId, id, Math.min(version, before), version - kept, limit - shown.length)
      return [...shown, ...older].map(toEntry)
    },

    findVersion(projectId, id, version) {
      // It may be half a megabyte, and a batch may ask for a hundred.
      return beginInTurn(turns, async () => {
        const newestVersion = newest.get(projectId, id)?.version
        if (newestVersion === undefined) return 'missing'
        if (version === newestVersion)
          return contentOf(toPersona({ body: String(current.get(projectId, id)?.body) }))
        const row = version > Number(newestVersion) - kept ? find.get(projectId, id, version) : undefined
        return row === undefined ? 'no-version' : toPersona({ body: String(row.body) })
      })
    },
  }
}
