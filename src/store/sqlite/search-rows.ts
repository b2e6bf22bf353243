import { setImmediate } from 'node:timers/promises'
import type { Origin } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import { searchedFields, searchText, tagsOf } from '../../personas/search.js'
import type { SqliteDatabase } from './database.js'
import { toRow } from './rows.js'

/** The most rows that one step gives a text or trigrams: some milliseconds, in which nobody is answered. */
const TEXTS_AT_ONCE = 100
const TRIGRAMS_AT_ONCE = 300
/** The most bytes of texts that are given trigrams at once; one text at least. */
const TRIGRAM_BYTES = 128 * 1024

/** How far the search data of a project is; a project without has all texts, and no trigrams. */
export interface SearchProgress {
  /** Rows up to this `seq` may be without a text. */
  lackingTo: number
  /** Rows up to this `seq` have their trigrams. */
  indexedTo: number
  /** The trigram that marks the project's rows. */
  mark: string
}

function searchColumns(persona: Partial<Persona>): [text: string, tags: string] {
  return [searchText(persona), JSON.stringify(tagsOf(persona))]
}

/** Returns what inserts a persona into `new_personas`. */
export function personaInsert(
  db: SqliteDatabase,
): (projectId: string, persona: Persona, origin?: Origin) => void {
  const insert = db.prepare(
    `INSERT INTO new_personas (project_id, id, name, image_url, updated_at, changed, reverted_from, body, text, tags)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (projectId, persona, origin) => {
    const { name, image_url, updated_at, changed, reverted_from, body } = toRow(persona, origin)
    const values = [name, image_url, updated_at, changed, reverted_from, body]
    insert.run(projectId, persona.id, ...values, ...searchColumns(persona))
  }
}

/** What is kept of personas for finding them, beside their rows. Triggers keep tags and trigrams true to the texts. */
export function searchRows(db: SqliteDatabase) {
  const insert = db.prepare(
    `INSERT INTO persona_search (project_id, seq, text, tags)
     SELECT project_id, seq, ?, ? FROM personas WHERE project_id = ? AND id = ?`,
  )
  const remove = db.prepare(
    `DELETE FROM persona_search WHERE project_id = ?1
     AND seq = (SELECT seq FROM personas WHERE project_id = ?1 AND id = ?2)`,
  )
  const find = db.prepare('SELECT lacking_to, indexed_to, mark FROM search_progress WHERE project_id = ?')
  const begin = db.prepare('INSERT OR IGNORE INTO search_progress (project_id) VALUES (?)')
  const lacking = db.prepare(
    `SELECT id, seq, json_object(${searchedFields.map((name) => `'${name}', body -> '${name}'`).join(', ')}) AS texts
     FROM personas WHERE project_id = ? AND seq <= ? ORDER BY seq DESC LIMIT ${TEXTS_AT_ONCE}`,
  )
  const setLacking = db.prepare('UPDATE search_progress SET lacking_to = ? WHERE project_id = ?')
  const next = db.prepare(
    `SELECT coalesce(max(seq) FILTER (WHERE total <= ${TRIGRAM_BYTES}), min(seq)) AS last
     FROM (SELECT seq, sum(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
           FROM (SELECT seq, octet_length(text) AS size FROM persona_search
                 WHERE project_id = ? AND seq > ? ORDER BY seq LIMIT ${TRIGRAMS_AT_ONCE}))`,
  )
  const index = db.prepare(
    `INSERT INTO persona_trigrams (rowid, text)
     SELECT seq, ?1 || text FROM persona_search WHERE project_id = ?2 AND seq > ?3 AND seq <= ?4`,
  )
  const setIndexed = db.prepare('UPDATE search_progress SET indexed_to = ? WHERE project_id = ?')
  /** Projects whose rows are given trigrams now. */
  const indexing = new Set<string>()

  function progressOf(projectId: string): SearchProgress | undefined {
    const row = find.get(projectId)
    return (
      row && {
        lackingTo: Number(row.lacking_to),
        indexedTo: Number(row.indexed_to),
        mark: String(row.mark),
      }
    )
  }

  function write(projectId: string, id: string, persona: Partial<Persona>) {
    insert.changeOne(...searchColumns(persona), projectId, id)
  }

  /** Gives a text to some rows that may be without, the newest first. Returns whether there may be more. */
  function fillSome(projectId: string): boolean {
    const { lackingTo = 0 } = progressOf(projectId) ?? {}
    if (lackingTo === 0) return false
    const rows = lacking.all(projectId, lackingTo)
    for (const { id, texts } of rows) {
      // It may have been changed since.
      remove.run(projectId, String(id))
      write(projectId, String(id), withoutNulls(JSON.parse(String(texts))))
    }
    const last = rows.length < TEXTS_AT_ONCE ? undefined : rows.at(-1)
    setLacking.changeOne(last === undefined ? 0 : Number(last.seq) - 1, projectId)
    return last !== undefined
  }

  /** Gives trigrams to some rows, the oldest first. Returns whether there may be more. */
  function indexSome(projectId: string): boolean {
    begin.run(projectId)
    const progress = progressOf(projectId)
    const last = next.get(projectId, progress?.indexedTo ?? 0)?.last
    if (progress === undefined || typeof last !== 'number') return false
    index.run(progress.mark, projectId, progress.indexedTo, last)
    setIndexed.changeOne(last, projectId)
    return true
  }

  return {
    progressOf,

    /** Within the transaction that changes a persona. */
    update(projectId: string, before: Persona, after: Persona) {
      // A change leaves the very same values in fields that do not change.
      if (searchedFields.every((name) => before[name] === after[name])) return
      remove.run(projectId, before.id)
      write(projectId, after.id, after)
    },

    /** Gives a text to all rows of a project that were stored by versions without, in steps. */
    async fill(projectId: string): Promise<void> {
      if ((progressOf(projectId)?.lackingTo ?? 0) === 0) return
      while (await db.write(() => fillSome(projectId)));
    },

    /** Gives trigrams to the rows of a project, in steps; nobody waits for it. Should it fail, it goes on another time. */
    async index(projectId: string): Promise<void> {
      if (indexing.has(projectId)) return
      indexing.add(projectId)
      try {
        while (await db.write(() => indexSome(projectId))) await setImmediate()
      } catch {
        // What is without is found all the same.
      } finally {
        indexing.delete(projectId)
      }
    },
  }
}

function withoutNulls(values: Record<string, unknown>): Partial<Persona> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

export type SearchRows = ReturnType<typeof searchRows>
