import type { Persona } from '../personas/schema.js'
import { type Query, type SqliteDatabase, violates } from './sqlite-database.js'
import type { PersonaChange, Store } from './types.js'

type PersonaStore = Pick<
  Store,
  | 'listPersonas'
  | 'findPersona'
  | 'matchPersonaId'
  | 'insertPersona'
  | 'updatePersona'
  | 'deletePersona'
  | 'storePortrait'
>

const COLUMNS = 'id, name, description, system_prompt, image_url, headers, created_at, updated_at'

interface PersonaRow {
  id: string
  name: string
  description: string | null
  system_prompt: string | null
  image_url: string | null
  headers: string | null
  created_at: number
  updated_at: number
}

function toPersona(row: PersonaRow): Persona {
  const persona: Persona = {
    id: row.id,
    name: row.name,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  }
  if (row.description !== null) persona.description = row.description
  if (row.system_prompt !== null) persona.systemPrompt = row.system_prompt
  if (row.image_url !== null) persona.imageUrl = row.image_url
  if (row.headers !== null) persona.headers = JSON.parse(row.headers)
  return persona
}

/** The row as a change leaves it. */
function changed(row: PersonaRow, change: PersonaChange): PersonaRow {
  const next = { ...row }
  if (change.name !== undefined) next.name = change.name
  if (change.description !== undefined) next.description = change.description
  if (change.systemPrompt !== undefined) next.system_prompt = change.systemPrompt
  if (change.imageUrl !== undefined) next.image_url = change.imageUrl
  if (change.headers !== undefined) next.headers = change.headers && JSON.stringify(change.headers)
  return next
}

function sameContent(a: PersonaRow, b: PersonaRow): boolean {
  return (
    a.name === b.name &&
    a.description === b.description &&
    a.system_prompt === b.system_prompt &&
    a.image_url === b.image_url &&
    a.headers === b.headers
  )
}

function isStale(row: PersonaRow, ifMatch: readonly string[] | undefined): boolean {
  return ifMatch !== undefined && !ifMatch.includes(new Date(row.updated_at).toISOString())
}

/** Cursors are the place in the order of creation, opaque to callers. */
const cursor = {
  write: (seq: number) => Buffer.from(`s${seq}`).toString('base64url'),
  read(text: string): number | undefined {
    const match = /^s(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
    return match ? Number(match[1]) : undefined
  },
}

/** Personas in SQLite. Each call is one statement, or one transaction of this process, which alone has the file. */
export function sqlitePersonas(
  db: SqliteDatabase,
  images: { insert: Query; removePortraitIfUnused(projectId: string, id: string): void },
): PersonaStore {
  const page = db.prepare(
    `SELECT seq, ${COLUMNS} FROM personas WHERE project_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
  )
  const find = db.prepare(`SELECT ${COLUMNS} FROM personas WHERE project_id = ? AND id = ?`)
  // '~' sorts behind every character of a UUID, so this is the range of ids that begin with the prefix.
  const match = db.prepare(
    `SELECT count(*) AS count, min(id) AS id FROM personas WHERE project_id = ?1 AND id >= ?2 AND id < ?2 || '~'`,
  )
  const insert = db.prepare(
    `INSERT INTO personas (project_id, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
  )
  const update = db.prepare(
    `UPDATE personas SET name = ?, description = ?, system_prompt = ?, image_url = ?, headers = ?, updated_at = ?
     WHERE project_id = ? AND id = ? AND updated_at = ?`,
  )
  const remove = db.prepare('DELETE FROM personas WHERE project_id = ? AND id = ?')

  const findRow = (projectId: string, id: string) =>
    // The columns are those of PersonaRow.
    find.get(projectId, id) as PersonaRow | undefined

  /** Within a transaction: writes the changed row and lets go of the portrait it no longer shows. */
  function write(projectId: string, row: PersonaRow, next: PersonaRow): PersonaRow {
    update.run(
      next.name,
      next.description,
      next.system_prompt,
      next.image_url,
      next.headers,
      next.updated_at,
      projectId,
      row.id,
      row.updated_at,
    )
    if (row.image_url !== null && row.image_url !== next.image_url) {
      images.removePortraitIfUnused(projectId, row.image_url)
    }
    return next
  }

  return {
    async listPersonas(projectId, { limit, cursor: from }) {
      const after = from === undefined ? 0 : cursor.read(from)
      if (after === undefined) return 'bad-cursor'
      const rows = page.all(projectId, after, limit + 1) as unknown as (PersonaRow & { seq: number })[]
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      if (rows.length <= limit || last === undefined) return { items: items.map(toPersona) }
      return { items: items.map(toPersona), nextCursor: cursor.write(last.seq) }
    },

    async findPersona(projectId, id) {
      const row = findRow(projectId, id)
      return row === undefined ? null : toPersona(row)
    },

    async matchPersonaId(projectId, prefix) {
      const row = match.get(projectId, prefix)
      const count = Number(row?.count)
      return count === 0 ? { count } : { count, id: String(row?.id) }
    },

    async insertPersona(projectId, persona, now) {
      const row: PersonaRow = {
        id: persona.id,
        name: persona.name,
        description: persona.description ?? null,
        system_prompt: persona.systemPrompt ?? null,
        image_url: null,
        headers: persona.headers === undefined ? null : JSON.stringify(persona.headers),
        created_at: now,
        updated_at: now,
      }
      try {
        insert.run(projectId, row.id, row.name, row.description, row.system_prompt, row.headers, now, now)
      } catch (error) {
        if (violates(error, 'personas.name')) return 'name-taken'
        throw error
      }
      return toPersona(row)
    },

    async updatePersona(projectId, id, { now, ifMatch, ...change }) {
      try {
        return db.transaction(() => {
          const row = findRow(projectId, id)
          if (row === undefined) return 'missing'
          if (isStale(row, ifMatch)) return 'stale'
          const next = changed(row, change)
          if (sameContent(row, next)) return toPersona(row)
          next.updated_at = Math.max(now, row.updated_at + 1)
          return toPersona(write(projectId, row, next))
        })
      } catch (error) {
        if (violates(error, 'personas.name')) return 'name-taken'
        throw error
      }
    },

    async deletePersona(projectId, id, ifMatch) {
      return db.transaction(() => {
        const row = findRow(projectId, id)
        if (row === undefined) return 'missing'
        if (isStale(row, ifMatch)) return 'stale'
        remove.run(projectId, id)
        if (row.image_url !== null) images.removePortraitIfUnused(projectId, row.image_url)
        return 'deleted'
      })
    },

    async storePortrait(projectId, personaId, { image, now }) {
      return db.transaction(() => {
        const row = findRow(projectId, personaId)
        if (row === undefined) return 'missing'
        images.insert.run(projectId, image.id, image.role, image.format, image.bytes)
        const next = { ...row, image_url: image.id, updated_at: Math.max(now, row.updated_at + 1) }
        return toPersona(write(projectId, row, next))
      })
    },
  }
}
