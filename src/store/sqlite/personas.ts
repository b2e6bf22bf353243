import { changed, newPersona, originOf } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import { EVERY_PERSONA, markOf } from '../../personas/search.js'
import type { ListRequest, Store } from '../store.js'
import type { Cursors } from './cursors.js'
import type { Query, SqliteDatabase } from './database.js'
import { violates } from './faults.js'
import { BODY, BODY_GROWTH, type PersonaRow, personaCache, toPersona, toRow } from './rows.js'
import { personaInsert, type SearchRows } from './search-rows.js'
import type { VersionSteps } from './versions.js'

type PersonaStore = Pick<
  Store,
  | 'listPersonas'
  | 'findPersona'
  | 'listPersonaNames'
  | 'matchPersonaId'
  | 'insertPersona'
  | 'findPersonasByName'
  | 'insertPersonas'
  | 'updatePersona'
  | 'deletePersona'
  | 'storePortrait'
>

interface ImageSteps {
  insert: Query
  removePortraitIfUnused(projectId: string, id: string): void
}

interface PersonaParts {
  images: ImageSteps
  versions: VersionSteps
  cursors: Cursors
  /** Lists what a query leaves, or in another order than that of creation. */
  listFound: Store['listPersonas']
  search: SearchRows
}

function isStale(persona: Persona, ifMatch: readonly string[] | undefined): boolean {
  return ifMatch !== undefined && !ifMatch.includes(persona.updatedAt)
}

/** Bodies of more bytes are in the index `personas_large`, which serves queries that name this very number. */
const LARGE = 3_200

/** Lists of fewer bytes than this are for agents. */
const SMALL_LIST = 1024 * 1024

/**
 * Personas in SQLite. Each change is one transaction of this process, which alone has the file. `forget` is to
 * be called within a transaction that removes a persona in another way.
 */
export function sqlitePersonas(
  db: SqliteDatabase,
  { images, versions, cursors, listFound, search }: PersonaParts,
): PersonaStore & { forget(projectId: string, id: string): void } {
  // A whole page as one value, in the bytes that are sent: fetching rows one by one takes longer than reading
  // them. The subquery's LIMIT holds SQLite to its order.
  const page = db.prepare(
    `SELECT count(*) AS count, max(seq) AS last, CAST('[' || group_concat(body, ',') || ']' || char(10) AS BLOB) AS json
     FROM (SELECT seq, ${BODY} AS body FROM personas WHERE project_id = ? AND seq > ? ORDER BY seq LIMIT ?)`,
  )
  const isMore = db.prepare('SELECT 1 FROM personas WHERE project_id = ? AND seq > ? LIMIT 1')
  const large = db.prepare(
    `SELECT sum(size) AS bytes
     FROM (SELECT octet_length(body) + ${BODY_GROWTH} AS size FROM personas
           WHERE project_id = ? AND seq > ? AND octet_length(body) > ${LARGE} ORDER BY seq LIMIT ?)`,
  )
  // Lengths stand at the beginning of a row: long bodies are not read. With each goes a comma or a bracket; a newline ends it.
  const whole = db.prepare(
    `SELECT 2 + sum(size + 1) AS bytes
     FROM (SELECT octet_length(body) + ${BODY_GROWTH} * (changed IS NULL) AS size FROM personas
           WHERE project_id = ? AND seq > ? ORDER BY seq LIMIT ?)`,
  )
  const fitting = db.prepare(
    `SELECT count(*) AS count
     FROM (SELECT 2 + sum(size + 1) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
           FROM (SELECT seq, octet_length(body) + ${BODY_GROWTH} * (changed IS NULL) AS size FROM personas
                 WHERE project_id = ? AND seq > ? ORDER BY seq LIMIT ?))
     WHERE total <= ?`,
  )
  const find = db.prepare(`SELECT ${BODY} AS body FROM personas WHERE project_id = ? AND id = ?`)
  const names = db.prepare('SELECT name, updated_at FROM personas WHERE project_id = ? ORDER BY seq LIMIT ?')
  // Held to this order, it looks each name up.
  const named = db.prepare(
    `SELECT ${BODY} AS body FROM json_each(?2) AS wanted CROSS JOIN personas
     ON project_id = ?1 AND name = CAST(wanted.value AS TEXT)`,
  )
  // '~' sorts behind every character of a UUID, so this is the range of ids that begin with the prefix.
  const match = db.prepare(
    `SELECT count(*) AS count, min(id) AS id FROM personas WHERE project_id = ?1 AND id >= ?2 AND id < ?2 || '~'`,
  )
  const insert = personaInsert(db)
  const update = db.prepare(
    `UPDATE personas SET name = ?, image_url = ?, updated_at = ?, changed = ?, reverted_from = ?, body = ?
     WHERE project_id = ? AND id = ? AND updated_at = ?`,
  )
  const remove = db.prepare('DELETE FROM personas WHERE project_id = ? AND id = ?')
  const cache = personaCache()

  function findRow(projectId: string, id: string): Pick<PersonaRow, 'body'> | undefined {
    // The column is that of PersonaRow.
    return find.get(projectId, id) as Pick<PersonaRow, 'body'> | undefined
  }

  /** The persona as the transaction sees it. It may never be committed, so the cache is not told. */
  function current(projectId: string, id: string): Persona | null {
    const known = cache.get(projectId, id)
    if (known !== undefined) return known
    const row = findRow(projectId, id)
    return row === undefined ? null : toPersona(row)
  }

  /** Within a transaction: writes the changed persona and lets go of the portrait it no longer shows. */
  function write(projectId: string, before: Persona, after: Persona, revertedFrom?: number): Persona {
    cache.drop(projectId, before.id)
    versions.keep(projectId, before)
    const row = toRow(after, originOf(before, after, revertedFrom))
    const values = [row.name, row.image_url, row.updated_at, row.changed, row.reverted_from, row.body]
    update.changeOne(...values, projectId, before.id, Date.parse(before.updatedAt))
    search.update(projectId, before, after)
    if (before.imageUrl !== undefined && before.imageUrl !== after.imageUrl) {
      images.removePortraitIfUnused(projectId, before.imageUrl)
    }
    return after
  }

  /** How many of the next `limit` personas make a list of at most `maxBytes`; at least one. */
  function countWithin(projectId: string, after: number, { limit, maxBytes }: ListRequest): number {
    if (maxBytes === undefined) return limit
    // Of a small list, no more personas are measured than it can hold of large ones: to measure those, SQLite reads them.
    const few = Math.ceil(maxBytes / LARGE)
    if (maxBytes < SMALL_LIST && few < limit) {
      const count = Number(fitting.get(projectId, after, few, maxBytes)?.count)
      if (count < few) return Math.max(1, count)
    }
    const short = 2 + limit * (LARGE + BODY_GROWTH + 1)
    // Nearly every list fits. Adding up all of it takes a third of the time of adding up to each of its personas.
    const isWhole =
      short <= maxBytes
        ? short + Number(large.get(projectId, after, limit)?.bytes) <= maxBytes
        : Number(whole.get(projectId, after, limit)?.bytes) <= maxBytes
    if (isWhole) return limit
    return Math.max(1, Number(fitting.get(projectId, after, limit, maxBytes)?.count))
  }

  const listPersonas: Store['listPersonas'] = async (projectId, request) => {
    const { limit, cursor, query = EVERY_PERSONA } = request
    if (markOf(query) !== '') return listFound(projectId, request)
    const after = cursor === undefined ? 0 : cursors.read(projectId, cursor)?.seq
    if (after === undefined) return 'bad-cursor'
    const wanted = countWithin(projectId, after, request)
    const row = page.get(projectId, after, wanted)
    const json = Buffer.isBuffer(row?.json) ? row.json : Buffer.from('[]\n')
    const last = Number(row?.last)
    const found = { json, bytes: json.length }
    if (Number(row?.count) < wanted || isMore.get(projectId, last) === undefined) return found
    const nextCursor = cursors.write(projectId, { seq: last })
    return wanted < limit ? { ...found, nextCursor, endsEarly: true } : { ...found, nextCursor }
  }

  const insertPersona: Store['insertPersona'] = async (projectId, given, now) => {
    const persona = newPersona(given, now)
    try {
      await db.writeOne(() => insert(projectId, persona))
    } catch (error) {
      if (violates(error, 'personas.name')) return 'name-taken'
      throw error
    }
    return persona
  }

  return {
    forget: cache.drop,
    listPersonas,

    async findPersona(projectId, id) {
      const known = cache.get(projectId, id)
      if (known !== undefined) return known
      const row = findRow(projectId, id)
      return row === undefined ? null : cache.keep(projectId, id, row)
    },

    async listPersonaNames(projectId, limit) {
      return names.all(projectId, limit).map(({ name, updated_at }) => ({
        name: String(name),
        updatedAt: new Date(Number(updated_at)).toISOString(),
      }))
    },

    async matchPersonaId(projectId, prefix) {
      const row = match.get(projectId, prefix)
      const count = Number(row?.count)
      return count === 0 ? { count } : { count, id: String(row?.id) }
    },

    insertPersona,

    // Those that come at once are one commit, in the order in which they come.
    insertPersonas: (projectId, given, now) =>
      Promise.all(given.map((persona) => insertPersona(projectId, persona, now))),

    async findPersonasByName(projectId, names) {
      // The column is that of PersonaRow.
      return named
        .all(projectId, JSON.stringify(names))
        .map((row) => toPersona(row as Pick<PersonaRow, 'body'>))
    },

    async updatePersona(projectId, id, { now, ifMatch, revertedFrom, ...change }) {
      try {
        return await db.write(() => {
          const before = current(projectId, id)
          if (before === null) return 'missing'
          if (isStale(before, ifMatch)) return 'stale'
          const after = changed(before, change, now)
          return after === before ? before : write(projectId, before, after, revertedFrom)
        })
      } catch (error) {
        if (violates(error, 'personas.name')) return 'name-taken'
        throw error
      }
    },

    async deletePersona(projectId, id, ifMatch) {
      return db.write(() => {
        const persona = current(projectId, id)
        if (persona === null) return 'missing'
        if (isStale(persona, ifMatch)) return 'stale'
        cache.drop(projectId, id)
        remove.changeOne(projectId, id)
        versions.drop(projectId, id)
        if (persona.imageUrl !== undefined) images.removePortraitIfUnused(projectId, persona.imageUrl)
        return 'deleted'
      })
    },

    async storePortrait(projectId, personaId, { image, now }) {
      return db.write(() => {
        const before = current(projectId, personaId)
        if (before === null) return 'missing'
        images.insert.changeOne(projectId, image.id, image.role, image.format, image.bytes)
        return write(projectId, before, changed(before, { imageUrl: image.id }, now))
      })
    },
  }
}
