import { setImmediate } from 'node:timers/promises'
import { recordExists } from '../../errors/store.js'
import type { PersonaRecord, RecordSequence, Transfer } from '../transfer.js'
import type { Query, SqliteDatabase } from './database.js'
import { violates } from './faults.js'
import { INSERT_IMAGE, toImage } from './images.js'
import { INSERT_PROJECT, type ProjectRow, toProject, toProjectRow, valuesOf } from './projects.js'
import { BODY, toOrigin, toPersona, toRow } from './rows.js'
import { personaInsert } from './search-rows.js'

/** Rows in memory at a time; a persona can have 400 KB. */
const PAGE = 50

type Row = Record<string, unknown>
type Place = (string | number)[]

interface Reading<T> {
  /** Takes the place behind which to begin, and the number of rows. */
  page: Query
  rows: number
  start: Place
  placeOf(row: Row): Place
  toRecord(row: Row): T
}

async function* read<T>({ page, rows, start, placeOf, toRecord }: Reading<T>) {
  let place = start
  for (;;) {
    const found = page.all(...place, rows)
    for (const row of found) yield toRecord(row)
    const last = found.at(-1)
    if (last === undefined) return
    place = placeOf(last)
    // SQLite answers at once: without a pause signals and timers would wait for the whole.
    await setImmediate()
  }
}

function behindSeq(row: Row): Place {
  return [Number(row.seq)]
}

function toPersonaRecord(row: Row): PersonaRecord {
  const origin = toOrigin(row)
  const record = { projectId: String(row.project_id), persona: toPersona({ body: String(row.body) }) }
  return origin.changed.length === 0 ? record : { ...record, origin }
}

/** Everything in the file, for a move to another store or from one. */
export function sqliteTransfer(db: SqliteDatabase): Transfer {
  /** A sequence of a table; `add` is run for each record within one transaction. */
  function sequence<T>(table: string, reading: Reading<T>, add: (record: T) => void): RecordSequence<T> {
    const count = db.prepare(`SELECT count(*) AS count FROM ${table}`)
    return {
      async estimate() {
        return Number(count.get()?.count)
      },
      read: () => read(reading),
      async append(records) {
        try {
          await db.write(() => records.forEach(add))
        } catch (error) {
          if (!violates(error)) throw error
          throw recordExists({ cause: error })
        }
      },
    }
  }

  const columns = `project_id, seq, changed, reverted_from, ${BODY} AS body`
  const insertProject = db.prepare(INSERT_PROJECT)
  const insertImage = db.prepare(INSERT_IMAGE)
  const insertPersona = personaInsert(db)
  const insertVersion = db.prepare(
    `INSERT INTO versions (project_id, id, version, updated_at, changed, reverted_from, body)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )

  return {
    projects: sequence(
      'projects',
      {
        page: db.prepare('SELECT * FROM projects WHERE seq > ? ORDER BY seq LIMIT ?'),
        rows: PAGE,
        start: [0],
        placeOf: behindSeq,
        // The columns are those of ProjectRow.
        toRecord: (row) => ({
          ...toProject(row as unknown as ProjectRow),
          createdAt: Number(row.created_at),
        }),
      },
      (project) => insertProject.changeOne(project.id, project.createdAt, ...valuesOf(toProjectRow(project))),
    ),
    images: sequence(
      'images',
      {
        page: db.prepare('SELECT * FROM images WHERE seq > ? ORDER BY seq LIMIT ?'),
        rows: 1,
        start: [0],
        placeOf: behindSeq,
        toRecord: (row) => ({ projectId: String(row.project_id), ...toImage(row) }),
      },
      ({ projectId, id, role, format, bytes }) => insertImage.changeOne(projectId, id, role, format, bytes),
    ),
    versions: sequence(
      'versions',
      {
        page: db.prepare(
          `SELECT project_id, id, version, changed, reverted_from, body FROM versions
           WHERE (project_id, id, version) > (?, ?, ?) ORDER BY project_id, id, version LIMIT ?`,
        ),
        rows: PAGE,
        start: ['', '', 0],
        placeOf: (row) => [String(row.project_id), String(row.id), Number(row.version)],
        toRecord: toPersonaRecord,
      },
      ({ projectId, persona, origin }) => {
        const { updated_at, changed, reverted_from, body } = toRow(persona, origin)
        const { id, version } = persona
        insertVersion.changeOne(projectId, id, version, updated_at, changed, reverted_from, body)
      },
    ),
    personas: sequence(
      'personas',
      {
        page: db.prepare(
          // As one comparison of pairs, SQLite would walk each project from its beginning again at every page.
          `SELECT * FROM (SELECT ${columns} FROM personas
                          WHERE project_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)
           UNION ALL
           SELECT * FROM (SELECT ${columns} FROM personas
                          WHERE project_id > ?1 ORDER BY project_id, seq LIMIT ?3)
           LIMIT ?3`,
        ),
        rows: PAGE,
        start: ['', 0],
        placeOf: (row) => [String(row.project_id), Number(row.seq)],
        toRecord: toPersonaRecord,
      },
      ({ projectId, persona, origin }) => insertPersona(projectId, persona, origin),
    ),
  }
}
