import { LRUCache } from 'lru-cache'
import { tooManyLargeAnswers } from '../../errors/requests.js'
import { beginInTurn, Limit } from '../../limit.js'
import { EVERY_PERSONA } from '../../personas/search.js'
import type { Query, SqliteDatabase } from './database.js'
import type { SearchRows } from './search-rows.js'
import type { Place, Search, Statement } from './search-statements.js'
import * as statements from './search-statements.js'

// A statement keeps this process busy, for as long as it has rows, texts and words to look at. So the first looks at
// few rows, which are enough where a query holds for many, and each of the others at as many as take so long, in ms.
const STATEMENT_MS = 8
const FIRST_ROWS = 100
const ROWS = 8_000
const MORE = 4
/** By trigrams it looks at so many rows at most, among so many of all projects. */
const TRIGRAM_ROWS = 2_000
const TRIGRAM_RANGE = 50_000
/** So many rows are looked at before trigrams are used where there are some, and before rows are given some. */
const ROWS_BEFORE_TRIGRAMS = 2_000
const MANY_ROWS = 8_000
/** So many personas are sorted at most: where more are found, some are found soon in any order. */
const FEW = 2_000
/** And so they are where one in so many of the first rows is found; the order is then walked for so many rows. */
const DENSE = 4
const ROWS_TRIED = 1_000

const RAREST_TAG = `SELECT json_array(value) AS found FROM json_each(?2) ORDER BY (
    SELECT count(*) FROM (SELECT 1 FROM persona_tags WHERE project_id = ?1 AND tag = value LIMIT ${ROWS})
  ) LIMIT 1`

/** Finds rows, up to `limit` behind a place, in the order of the query. */
export type Find = (search: Search, from: FindFrom) => Promise<Place[]>

interface FindFrom {
  after: Place | undefined
  limit: number
  /** Ends the search, which then fails with its reason. */
  signal?: AbortSignal | undefined
}

/** How many rows the next statement of a search looks at, by how long the ones before took. */
class Pace {
  rows: number

  /** `isExact`: the query holds for every row that is looked at. */
  constructor({ words, limit, isExact = false }: { words: number; limit: number; isExact?: boolean }) {
    const first = isExact ? limit : Math.max(limit, FIRST_ROWS)
    this.rows = words === 0 ? Math.min(first, ROWS) : Math.ceil(FIRST_ROWS / words)
  }

  /** Notes how long a statement took that looked at `rows`, in ms. */
  took(ms: number): void {
    const factor = Math.min(MORE, STATEMENT_MS / ms)
    this.rows = Math.min(Math.max(Math.floor(this.rows * factor), 1), ROWS)
  }
}

/** What the statements of one search have in common. */
interface Run {
  search: Search
  pace: Pace
  signal: AbortSignal | undefined
}

/** One statement of a search, of counting tags or of reading a version runs at a time; others are answered in between. */
export function searchTurns(): Limit {
  return new Limit({ name: 'search_turns', capacity: 1, maxWaitMs: 10_000, error: tooManyLargeAnswers })
}

/** Which rows of a project a query has. `turns` are those of its statements. */
export function sqliteFinding(db: SqliteDatabase, { rows, turns }: { rows: SearchRows; turns: Limit }): Find {
  const prepared = new LRUCache<string, Query>({ max: 100, memoMethod: (sql) => db.prepare(sql) })
  async function run<Found>({ search, pace, signal }: Run, { sql, values }: Statement) {
    const statement = async () => {
      const began = performance.now()
      const row = prepared.memo(sql).get(...values)
      pace.took(performance.now() - began)
      return row
    }
    const row = await beginInTurn(turns, statement, { caller: search.projectId, signal })
    // As the statement says.
    return {
      found: JSON.parse(String(row?.found)) as Found[],
      rows: Number(row?.rows),
      last: Number(row?.last),
    }
  }

  /** The tag that the fewest rows have; each is counted as far as a statement may look. */
  async function rarestOf(search: Search, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { projectId, query } = search
    const { tags } = query
    if (tags.length < 2) return tags[0]
    const counted = { search, signal, pace: new Pace({ words: 0, limit: ROWS }) }
    const { found } = await run<string>(counted, {
      sql: RAREST_TAG,
      values: [projectId, JSON.stringify(tags)],
    })
    return found[0]
  }

  /** Rows in order of creation, which is that of `seq`, forward or backward. */
  async function collect(
    search: Search,
    { after, limit, signal }: { after: number; limit: number; signal: AbortSignal | undefined },
  ): Promise<number[]> {
    const { projectId, query } = search
    const { words, isReversed } = query
    const tag = await rarestOf(search, signal)
    const { indexedTo = 0, mark = '' } = rows.progressOf(projectId) ?? {}
    const match = statements.trigramQuery(mark, words)
    const found: number[] = []
    let at = after
    let seen = 0
    const isExact = query.tags.length === 1 && words.length === 0
    const pace = new Pace({ words: words.length, limit, isExact })
    const state = { search, pace, signal }
    for (;;) {
      const isIndexed = isReversed ? at <= indexedTo + 1 : at < indexedTo
      if (match !== undefined && isIndexed && seen >= ROWS_BEFORE_TRIGRAMS) {
        const until = isReversed ? Math.max(at - TRIGRAM_RANGE, 0) : Math.min(at + TRIGRAM_RANGE, indexedTo)
        const trigrams = { match, until }
        const size = Math.min(pace.rows, TRIGRAM_ROWS)
        const slice = await run<number>(
          state,
          statements.findAmong(search, { after: at, limit: size, trigrams }),
        )
        found.push(...slice.found)
        at = slice.rows === size ? slice.last : until
        if (found.length >= limit || at === 0) break
        continue
      }
      const size = pace.rows
      const slice = await run<number>(state, statements.findAmong(search, { after: at, limit: size, tag }))
      found.push(...slice.found)
      seen += slice.rows
      if (found.length >= limit || slice.rows < size) break
      at = slice.last
      if (seen >= MANY_ROWS && match !== undefined && !isIndexed) void rows.index(projectId)
    }
    return found.slice(0, limit)
  }

  /** Whether a query holds for many of a project's first rows. */
  async function isCommon(search: Search, signal: AbortSignal | undefined): Promise<boolean> {
    const pace = new Pace({ words: search.query.words.length, limit: FIRST_ROWS })
    // Fewer of them the more words there are to look for: nobody is answered meanwhile.
    const first = statements.findAmong(search, { after: 0, limit: pace.rows })
    const { found, rows } = await run<number>({ search, pace, signal }, first)
    return found.length * DENSE > rows
  }

  /** Rows in the query's order, each looked at: at most `most`. It is whole where no more of them are wanted or there. */
  async function walkSome(
    search: Search,
    { after, limit, signal }: FindFrom & { after: Place },
    most: number,
  ): Promise<{ places: Place[]; isWhole: boolean }> {
    // What changes meanwhile may come again further on.
    const places = new Map<number, Place>()
    const pace = new Pace({ words: search.query.words.length, limit })
    let at = after
    for (let seen = 0; seen < most; ) {
      const size = Math.min(pace.rows, most - seen)
      const { found } = await run<[...Place, 0 | 1]>(
        { search, pace, signal },
        statements.findInOrder(search, { after: at, limit: size }),
      )
      for (const [key, seq, holds] of found) if (holds === 1 && !places.has(seq)) places.set(seq, [key, seq])
      seen += size
      const last = found.at(-1)
      const isDone = places.size >= limit || found.length < size
      if (isDone || last === undefined) return { places: [...places.values()].slice(0, limit), isWhole: true }
      at = [last[0], last[1]]
    }
    return { places: [], isWhole: false }
  }

  /** All of them. */
  async function walk(search: Search, from: FindFrom & { after: Place }): Promise<Place[]> {
    return (await walkSome(search, from, Number.POSITIVE_INFINITY)).places
  }

  return async (search, { after, limit, signal }) => {
    const { projectId, query } = search
    const { tags, words, name, sort } = query
    if (tags.length + words.length > 0) await rows.fill(projectId)
    const from = { after: after ?? statements.beginningOf(query), limit, signal }
    if (name !== undefined || tags.length + words.length === 0) return walk(search, from)
    if (sort === 'createdAt') {
      const seqs = await collect(search, { after: from.after[1], limit, signal })
      return seqs.map((seq) => [seq, seq])
    }
    const inAnyOrder = { projectId, query: { ...EVERY_PERSONA, tags, words } }
    if (await isCommon(inAnyOrder, signal)) {
      const { places, isWhole } = await walkSome(search, from, ROWS_TRIED)
      if (isWhole) return places
      // Only the first have it: others are few, or far away in this order.
    }
    const seqs = await collect(inAnyOrder, { after: 0, limit: FEW, signal })
    if (seqs.length === FEW) return walk(search, from)
    const state = { search, signal, pace: new Pace({ words: 0, limit: FEW }) }
    return (await run<Place>(state, statements.sortFound(search, seqs, from))).found
  }
}
