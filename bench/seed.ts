import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { openSqliteStore } from '../src/store/sqlite/sqlite.js'
import { sample } from './sample.js'

const made: string[] = []
process.once('exit', () => {
  for (const each of made) rmSync(each, { recursive: true, force: true })
})

/** A folder that is deleted when this process ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'personas-bench-'))
  made.push(path)
  return path
}

/** Personas to put into a data directory, by project. */
export type Filling = Record<string, number>

/** Makes a data directory with so many personas per project, directly in the database, which is faster. */
export async function seed(filling: Filling): Promise<string> {
  const dataDir = folder()
  await openSqliteStore(dataDir).close()
  const db = new Database(join(dataDir, 'personas.db'))
  db.pragma('synchronous = OFF')
  const insert = db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
     made(i, id) AS MATERIALIZED (SELECT i, lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)),
       hex(randomblob(2)), substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6)))) FROM n)
     INSERT INTO personas (project_id, id, name, updated_at, changed, body)
     SELECT ?2, id, 'persona ' || i, 1769594400000 + i, '[]',
       json_patch(?3, json_object('id', id, 'name', 'persona ' || i)) FROM made`,
  )
  const insertTexts = db.prepare(
    `INSERT INTO persona_search (project_id, seq, text, tags)
     SELECT project_id, seq, lower(name || char(10) || (body ->> 'description')), '[]' FROM personas WHERE project_id = ?`,
  )
  for (const [projectId, count] of Object.entries(filling)) {
    insert.run(count, projectId, JSON.stringify({ version: 1, ...sample }))
    insertTexts.run(projectId)
  }
  db.close()
  return dataDir
}
