import { beginInTurn, type Limit } from '../../limit.js'
import type { TagCount } from '../../personas/schema.js'
import { byUse, MAX_SPELLINGS } from '../../personas/search.js'
import type { Store } from '../store.js'
import type { SqliteDatabase } from './database.js'
import type { SearchRows } from './search-rows.js'

/** Tags of personas that one statement counts: a few milliseconds. */
const AT_ONCE = 10_000

function mostUsed(counts: Iterable<[string, number]>): TagCount[] {
  const all = [...counts].map(([tag, count]) => ({ tag, count }))
  return all.sort(byUse).slice(0, MAX_SPELLINGS)
}

/** The tags of a project in SQLite. Others are answered between the statements that count them, whose `turns` they are. */
export function sqliteTags(
  db: SqliteDatabase,
  { rows, turns }: { rows: SearchRows; turns: Limit },
): Pick<Store, 'listTagSpellings'> {
  // The spellings of a tag are neighbours, but not of its places: the last of those is found over all of them.
  const count = db.prepare(
    `SELECT tag, spelling, count(*) AS count, max(seq) AS last
     FROM (SELECT tag, spelling, seq FROM persona_tags
           WHERE project_id = ? AND (tag, seq) > (?, ?) ORDER BY tag, seq LIMIT ${AT_ONCE})
     GROUP BY tag, spelling`,
  )

  return {
    async listTagSpellings(projectId) {
      await rows.fill(projectId)
      let done: TagCount[] = []
      // Of the last tag that was met, more may follow.
      let open = new Map<string, number>()
      for (let tag = '', seq = 0; ; ) {
        const from = [projectId, tag, seq] as const
        let counted = 0
        for (const row of await beginInTurn(turns, async () => count.all(...from))) {
          if (row.tag !== tag) {
            done.push(...mostUsed(open))
            open = new Map()
            seq = 0
          }
          const spelling = String(row.spelling)
          open.set(spelling, (open.get(spelling) ?? 0) + Number(row.count))
          counted += Number(row.count)
          tag = String(row.tag)
          seq = Math.max(seq, Number(row.last))
        }
        if (counted < AT_ONCE) return [...done, ...mostUsed(open)].sort(byUse).slice(0, MAX_SPELLINGS)
        if (done.length > 2 * MAX_SPELLINGS) done = done.sort(byUse).slice(0, MAX_SPELLINGS)
      }
    },
  }
}
