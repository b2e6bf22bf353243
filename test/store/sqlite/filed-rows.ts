import { join } from 'node:path'
import Database from 'libsql'
import { expect } from 'vitest'
import type { Persona } from '../../../src/personas/schema.js'
import { searchText, tagsOf } from '../../../src/personas/search.js'

type Rows = Record<string, unknown>[]

/** Reads the file of a store that is closed, and holds what personas are found by to the personas. */
export function filedRows(dir: string) {
  const db = new Database(join(dir, 'personas.db'))
  const all = (sql: string) => db.prepare(sql).all() as Rows
  const personas = all('SELECT project_id, seq, body FROM personas ORDER BY seq')
  const texts = all('SELECT project_id, seq, text FROM persona_search ORDER BY seq')
  const tags = all('SELECT project_id, seq, tag, spelling FROM persona_tags ORDER BY seq, tag')
  const trigrams = all('SELECT rowid AS seq FROM persona_trigrams ORDER BY rowid').map(({ seq }) => seq)
  const indexedTo = all('SELECT project_id, indexed_to FROM search_progress')
  // Fails where what FTS5 keeps is at odds with itself.
  db.exec("INSERT INTO persona_trigrams (persona_trigrams) VALUES ('integrity-check')")
  db.close()

  const of = (row: Rows[number]) => JSON.parse(String(row.body)) as Persona
  expect(texts).toEqual(
    personas.map((row) => ({ project_id: row.project_id, seq: row.seq, text: searchText(of(row)) })),
  )
  const expected = personas.flatMap((row) =>
    tagsOf(of(row))
      .map(([tag, spelling]) => ({ project_id: row.project_id, seq: row.seq, tag, spelling }))
      .sort((a, b) => (a.tag < b.tag ? -1 : 1)),
  )
  expect(tags).toEqual(expected)
  const limits = new Map(indexedTo.map((row) => [row.project_id, Number(row.indexed_to)]))
  const indexed = personas.filter((row) => Number(row.seq) <= (limits.get(row.project_id) ?? 0))
  expect(trigrams).toEqual(indexed.map(({ seq }) => seq))
  return { personas, trigrams }
}
