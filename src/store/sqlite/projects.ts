import { type SettingName, settingNames } from '../../projects/schema.js'
import { isKeyFault, keyAfter, modelsOf, projectOf } from '../project-settings.js'
import type {
  KeyFault,
  LlmSettingsChange,
  ProjectChange,
  Store,
  StoredLlmSettings,
  StoredProject,
} from '../store.js'
import type { SqliteDatabase } from './database.js'
import { NEXT_SEQ } from './schema.js'

type ProjectStore = Pick<
  Store,
  'listProjects' | 'findProject' | 'insertProject' | 'updateProject' | 'listSealedKeys'
>

/** The columns of settings of one value each. */
const SETTINGS = { name: 'name', maxConcurrency: 'max_concurrency' } as const satisfies Record<
  SettingName,
  string
>
type SettingColumn = (typeof SETTINGS)[SettingName]

/** What a change can change of a project, in the order in which statements take it. */
const COLUMNS = [...Object.values(SETTINGS), 'provider', 'models', 'key_ciphertext', 'key_mask'] as const

/** A registered project as SQLite keeps it; `models` is JSON. */
export interface ProjectRow extends Record<SettingColumn, string | number | null> {
  id: string
  provider: string | null
  models: string | null
  key_ciphertext: string | null
  key_mask: string | null
}

const NO_LLM = { provider: null, models: null, key_ciphertext: null, key_mask: null }

/** The project of a row. */
export function toProject(row: ProjectRow): StoredProject {
  const { provider, key_ciphertext: ciphertext, key_mask: mask } = row
  const settings = settingNames.map((name) => [name, row[SETTINGS[name]]])
  const project = projectOf(row.id, Object.fromEntries(settings))
  if (provider === null || ciphertext === null || mask === null) return project
  const models = modelsOf(row.models === null ? undefined : JSON.parse(row.models))
  return {
    ...project,
    llmSettings: { provider, ...(models !== undefined && { models }), apiKey: { ciphertext, mask } },
  }
}

/** The row of a project. */
export function toProjectRow({ id, llmSettings, ...settings }: StoredProject): ProjectRow {
  const columns = settingNames.map((name) => [SETTINGS[name], settings[name] ?? null])
  // There is one for each setting.
  const row = { id, ...(Object.fromEntries(columns) as Pick<ProjectRow, SettingColumn>) }
  if (llmSettings === undefined) return { ...row, ...NO_LLM }
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
export const INSERT_PROJECT = `INSERT INTO projects (seq, id, created_at, ${COLUMNS.join(', ')})
  VALUES (${NEXT_SEQ}, ?, ?, ${COLUMNS.map(() => '?').join(', ')})`

/** The tables of what belongs to a project, each with an index on project_id and seq. */
const OWNING = ['personas', 'images'] as const

/**
 * The ids of the projects of a table, each found by one look into its index: as many steps as there are projects,
 * however many rows they have. Without `known.`, `id` would be the table's own.
 */
function idsIn(table: (typeof OWNING)[number]): string {
  return `${table}_ids (id) AS (
    SELECT min(project_id) FROM ${table}
    UNION ALL
    SELECT (SELECT min(project_id) FROM ${table} WHERE project_id > known.id)
    FROM ${table}_ids AS known WHERE known.id IS NOT NULL
  )`
}

/** The same ids, each with the place of the earliest of its rows. */
function placesIn(table: (typeof OWNING)[number]): string {
  return `SELECT id, (SELECT min(seq) FROM ${table} WHERE project_id = known.id) AS place
    FROM ${table}_ids AS known WHERE id IS NOT NULL`
}

// As text that is ready to be sent: rows are slow to fetch, and there may be very many.
const JSON_OF = `CAST(json_group_array(json_object('id', id, 'name', name)) || char(10) AS BLOB) AS json`

const LIST = `WITH RECURSIVE ${OWNING.map(idsIn).join(', ')}
  SELECT ${JSON_OF} FROM (
  SELECT places.id AS id, coalesce(projects.name, places.id) AS name
  FROM (SELECT id, seq AS place FROM projects UNION ALL ${OWNING.map(placesIn).join(' UNION ALL ')}) AS places
  LEFT JOIN projects ON projects.id = places.id
  GROUP BY places.id ORDER BY min(place), places.id)`

const LIST_ONE = `SELECT ${JSON_OF} FROM (SELECT given.id AS id, coalesce(projects.name, given.id) AS name
  FROM (SELECT ? AS id) AS given LEFT JOIN projects ON projects.id = given.id
  WHERE projects.id IS NOT NULL
    ${OWNING.map((table) => `OR EXISTS (SELECT 1 FROM ${table} WHERE project_id = given.id)`).join(' ')})`

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
  const { llmSettings } = change
  const next = projectOf(project.id, project, change)
  if (llmSettings === null) return next
  if (llmSettings === undefined) {
    return project.llmSettings === undefined ? next : { ...next, llmSettings: project.llmSettings }
  }
  const settings = changedSettings(project.llmSettings, llmSettings)
  return isKeyFault(settings) ? settings : { ...next, llmSettings: settings }
}

/** Projects and their settings in SQLite. */
export function sqliteProjects(db: SqliteDatabase): ProjectStore {
  const list = db.prepare(LIST)
  const listOne = db.prepare(LIST_ONE)
  const find = db.prepare(`SELECT id, ${COLUMNS.join(', ')} FROM projects WHERE id = ?`)
  const insert = db.prepare(INSERT_PROJECT)
  const update = db.prepare(
    `UPDATE projects SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
  )
  const keys = db.prepare('SELECT id, key_ciphertext FROM projects WHERE key_ciphertext IS NOT NULL')

  // The columns are those of ProjectRow.
  const findRow = (id: string) => find.get(id) as ProjectRow | undefined

  return {
    async listProjects(id) {
      const json = (id === undefined ? list.get() : listOne.get(id))?.json
      const bytes = Buffer.isBuffer(json) ? json : Buffer.from('[]\n')
      return { json: bytes, bytes: bytes.length }
    },

    async findProject(id) {
      const row = findRow(id)
      return row === undefined ? null : toProject(row)
    },

    async insertProject({ id, name }, now) {
      await db.write(() => insert.changeOne(id, now, ...valuesOf(toProjectRow({ id, name }))))
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
