import { isKeyFault, keyAfter, modelsOf } from '../project-settings.js'
import type {
  KeyFault,
  LlmSettingsChange,
  ProjectChange,
  Store,
  StoredLlmSettings,
  StoredProject,
} from '../store.js'
import type { SqliteDatabase } from './database.js'

type ProjectStore = Pick<
  Store,
  'listProjects' | 'findProject' | 'insertProject' | 'updateProject' | 'listSealedKeys'
>

/** What a change can change of a project, in the order in which statements take it. */
const COLUMNS = ['name', 'max_concurrency', 'provider', 'models', 'key_ciphertext', 'key_mask'] as const

/** A registered project as SQLite keeps it; `models` is JSON. */
export interface ProjectRow {
  id: string
  name: string
  max_concurrency: number | null
  provider: string | null
  models: string | null
  key_ciphertext: string | null
  key_mask: string | null
}

const NO_SETTINGS = { provider: null, models: null, key_ciphertext: null, key_mask: null }

/** The project of a row. */
export function toProject(row: ProjectRow): StoredProject {
  const { id, name, max_concurrency: maxConcurrency, provider } = row
  const { key_ciphertext: ciphertext, key_mask: mask } = row
  const project: StoredProject = { id, name, ...(maxConcurrency !== null && { maxConcurrency }) }
  if (provider === null || ciphertext === null || mask === null) return project
  const models = modelsOf(row.models === null ? undefined : JSON.parse(row.models))
  return {
    ...project,
    llmSettings: { provider, ...(models !== undefined && { models }), apiKey: { ciphertext, mask } },
  }
}

/** The row of a project. */
export function toProjectRow({ id, name, maxConcurrency, llmSettings }: StoredProject): ProjectRow {
  const row = { id, name, max_concurrency: maxConcurrency ?? null }
  if (llmSettings === undefined) return { ...row, ...NO_SETTINGS }
  const { provider, models, apiKey } = llmSettings
  return {
    ...row,
    provider,
    models: models === undefined ? null : JSON.stringify(models),
    key_ciphertext: apiKey.ciphertext,
    key_mask: apiKey.mask,
  }
}

/** A project's values in the order of `COLUMNS`. */
export function valuesOf(row: ProjectRow) {
  return COLUMNS.map((column) => row[column])
}

/** A statement that inserts a project: its id, when it was created, and its values. */
export const INSERT_PROJECT = `INSERT INTO projects (id, created_at, ${COLUMNS.join(', ')})
  VALUES (?, ?, ${COLUMNS.map(() => '?').join(', ')})`

function changedSettings(
  stored: StoredLlmSettings | undefined,
  change: LlmSettingsChange,
): StoredLlmSettings | KeyFault {
  const apiKey = keyAfter(stored, change)
  if (isKeyFault(apiKey)) return apiKey
  const given = Object.entries(change.models ?? {}).filter(([, model]) => model !== undefined)
  const models =
    change.models === null ? undefined : modelsOf({ ...stored?.models, ...Object.fromEntries(given) })
  return { provider: change.provider, ...(models !== undefined && { models }), apiKey }
}

/** The project as a change leaves it. */
function changed(project: StoredProject, change: ProjectChange): StoredProject | KeyFault {
  const { name = project.name, maxConcurrency = project.maxConcurrency, llmSettings } = change
  const next: StoredProject = { id: project.id, name }
  if (typeof maxConcurrency === 'number') next.maxConcurrency = maxConcurrency
  if (llmSettings === null) return next
  if (llmSettings === undefined) {
    return project.llmSettings === undefined ? next : { ...next, llmSettings: project.llmSettings }
  }
  const settings = changedSettings(project.llmSettings, llmSettings)
  return isKeyFault(settings) ? settings : { ...next, llmSettings: settings }
}

/** Projects and their settings in SQLite. */
export function sqliteProjects(db: SqliteDatabase): ProjectStore {
  const list = db.prepare('SELECT id, name FROM projects ORDER BY seq')
  const find = db.prepare(`SELECT id, ${COLUMNS.join(', ')} FROM projects WHERE id = ?`)
  const insert = db.prepare(INSERT_PROJECT)
  const update = db.prepare(
    `UPDATE projects SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
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
      await db.writeOne(() => insert.changeOne(id, now, ...valuesOf(toProjectRow({ id, name }))))
    },

    async updateProject(id, change, now) {
      return db.write(() => {
        const row = findRow(id)
        const next = changed(row === undefined ? { id, name: id } : toProject(row), change)
        if (isKeyFault(next)) return next
        const values = valuesOf(toProjectRow(next))
        if (row === undefined) insert.changeOne(id, now, ...values)
        else update.changeOne(...values, id)
        return next
      })
    },

    async listSealedKeys() {
      return keys.all().map((row) => ({ projectId: String(row.id), ciphertext: String(row.key_ciphertext) }))
    },
  }
}
