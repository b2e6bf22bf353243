import type { SqliteDatabase } from './sqlite-database.js'
import type { ProjectChange, Store, StoredProject } from './types.js'

type ProjectStore = Pick<
  Store,
  'listProjects' | 'findProject' | 'insertProject' | 'updateProject' | 'listSealedKeys'
>

/** A registered project as SQLite keeps it. */
export interface ProjectRow {
  id: string
  name: string
  provider: string | null
  models: string | null
  key_ciphertext: string | null
  key_mask: string | null
}

/** The project of a row. */
export function toProject(row: ProjectRow): StoredProject {
  const { id, name, provider, models, key_ciphertext: ciphertext, key_mask: mask } = row
  if (provider === null || ciphertext === null || mask === null) return { id, name }
  const llmSettings = { provider, apiKey: { ciphertext, mask } }
  return {
    id,
    name,
    llmSettings: models === null ? llmSettings : { ...llmSettings, models: JSON.parse(models) },
  }
}

/** The row as a change leaves it, or `no-key` where settings would be left without a key. */
function changed(row: ProjectRow, change: ProjectChange): ProjectRow | 'no-key' {
  const named = change.name === undefined ? row : { ...row, name: change.name }
  const settings = change.llmSettings
  if (settings === undefined) return named
  if (settings === null) {
    return { ...named, provider: null, models: null, key_ciphertext: null, key_mask: null }
  }
  const { provider, models, apiKey } = settings
  const next = { ...named, provider, models: models === undefined ? null : JSON.stringify(models) }
  if (apiKey !== undefined && apiKey.keepIfMask !== row.key_mask) {
    return { ...next, key_ciphertext: apiKey.ciphertext, key_mask: apiKey.mask }
  }
  return row.key_ciphertext === null ? 'no-key' : next
}

/** Projects and their settings in SQLite. */
export function sqliteProjects(db: SqliteDatabase): ProjectStore {
  const list = db.prepare('SELECT id, name FROM projects ORDER BY seq')
  const find = db.prepare(
    'SELECT id, name, provider, models, key_ciphertext, key_mask FROM projects WHERE id = ?',
  )
  const insert = db.prepare('INSERT INTO projects (id, name, created_at) VALUES (?, ?, ?)')
  const update = db.prepare(
    'UPDATE projects SET name = ?, provider = ?, models = ?, key_ciphertext = ?, key_mask = ? WHERE id = ?',
  )
  const keys = db.prepare('SELECT id, key_ciphertext FROM projects WHERE key_ciphertext IS NOT NULL')

  // The columns are those of ProjectRow.
  const findRow = (id: string) => find.get(id) as ProjectRow | undefined

  return {
    async listProjects() {
      return list.all().map((row) => ({ id: String(row.id), name: String(row.name) }))
    },

    async findProject(id) {
      const row = findRow(id)
      return row === undefined ? null : toProject(row)
    },

    async insertProject({ id, name }, now) {
      await db.writeOne(() => insert.changeOne(id, name, now))
    },

    async updateProject(id, change, now) {
      return db.write(() => {
        const row = findRow(id)
        const before = row ?? {
          id,
          name: id,
          provider: null,
          models: null,
          key_ciphertext: null,
          key_mask: null,
        }
        const next = changed(before, change)
        if (next === 'no-key') return next
        if (row === undefined) insert.changeOne(id, next.name, now)
        update.changeOne(next.name, next.provider, next.models, next.key_ciphertext, next.key_mask, id)
        return toProject(next)
      })
    },

    async listSealedKeys() {
      return keys.all().map((row) => ({ projectId: String(row.id), ciphertext: String(row.key_ciphertext) }))
    },
  }
}
