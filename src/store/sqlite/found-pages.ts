import { EVERY_PERSONA, markOf, type PersonaQuery } from '../../personas/search.js'
import type { Store } from '../store.js'
import type { Cursors } from './cursors.js'
import type { SqliteDatabase } from './database.js'
import type { Find } from './finding.js'
import { BODY, BODY_GROWTH } from './rows.js'
import type { Place } from './search-statements.js'

/** Pages of the personas that a query leaves, in its order. */
export function foundPages(
  db: SqliteDatabase,
  { find, cursors }: { find: Find; cursors: Cursors },
): Store['listPersonas'] {
  // json_each gives its elements in their order, and the join keeps it: to sort would copy all bodies. What was deleted
  // since it was found is left out.
  const found =
    'json_each(?1) AS place CROSS JOIN personas ON personas.seq = place.value WHERE place.key < ?2'
  const page = db.prepare(
    `SELECT CAST('[' || group_concat(body, ',') || ']' || char(10) AS BLOB) AS json FROM (SELECT ${BODY} AS body FROM ${found})`,
  )
  // Lengths stand at the beginning of a row: long bodies are not read. With each goes a comma or a bracket; a newline ends it.
  const fitting = db.prepare(
    `SELECT 1 + coalesce(max(at) FILTER (WHERE total <= ?3), min(at)) AS fitting, 1 + max(at) AS whole
     FROM (SELECT at, 2 + sum(size + 1) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS total
           FROM (SELECT place.key AS at, octet_length(body) + ${BODY_GROWTH} * (changed IS NULL) AS size FROM ${found}))`,
  )

  return async (projectId, request) => {
    const { limit, maxBytes = Number.MAX_SAFE_INTEGER, cursor, query = EVERY_PERSONA, signal } = request
    const { sort } = query
    const list = `${projectId}\n${markOf(query)}`
    const at = cursor === undefined ? undefined : cursors.read(list, cursor)
    if (cursor !== undefined && at === undefined) return 'bad-cursor'
    const after: Place | undefined = at && [keyOf(query, at), at.seq]
    const places = await find({ projectId, query }, { after, limit: limit + 1, signal })

    const seqs = JSON.stringify(places.map(([, seq]) => seq))
    const sizes = fitting.get(seqs, limit, maxBytes)
    const count = Number(sizes?.fitting)
    const json = page.get(seqs, count)?.json
    const bytes = Buffer.isBuffer(json) ? json : Buffer.from('[]\n')
    const last = places[count - 1]
    if (last === undefined || count === places.length) return { json: bytes, bytes: bytes.length }
    const [key, seq] = last
    const nextCursor = cursors.write(list, { seq, ...(sort !== 'createdAt' && { key: String(key) }) })
    const endsEarly = count < Number(sizes?.whole)
    return { json: bytes, bytes: bytes.length, nextCursor, ...(endsEarly && { endsEarly }) }
  }
}

/** What a place is ordered by. */
function keyOf({ sort }: PersonaQuery, { seq, key }: { seq: number; key: string }): Place[0] {
  if (sort === 'createdAt') return seq
  return sort === 'name' ? key : Number(key)
}
