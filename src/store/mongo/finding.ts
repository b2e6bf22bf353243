import { LRUCache } from 'lru-cache'
import type { Filter } from 'mongodb'
import { MAX_SPELLINGS, markOf, type PersonaQuery, searchedFields } from '../../personas/search.js'
import type { Store } from '../store.js'
import { type Collections, NAME_INDEX, ORDER_INDEX, TAG_INDEX, UPDATED_INDEX } from './collections.js'
import { decodeCursor, encodeCursor } from './order.js'
import { type PersonaDocument, searchFields, toPersona } from './persona-document.js'
import { withTimeout } from './timeout.js'

/** Documents of earlier versions that are given what they are found by at a time: far fewer than fit in a call's time. */
const FILLED_AT_ONCE = 100
/** For so long, in ms, a project is known to have no such documents: a process of an earlier version may add some. */
const FILLED_MS = 10 * 60_000

/** The condition that a query is for a document. */
export function filterOf(projectId: string, { tags, words, name }: PersonaQuery): Filter<PersonaDocument> {
  const contains = (word: string) => ({ search: { $regex: word.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') } })
  return {
    projectId,
    ...(name !== undefined && { name }),
    ...(tags.length > 0 && { tagKeys: { $all: [...tags] } }),
    ...(words.length > 0 && { $and: words.map(contains) }),
  }
}

/** What of a document is its place in an order, beside its `_id`. */
type Key = string | Date

function toText(key: Key): string {
  return key instanceof Date ? String(key.getTime()) : key
}

/** How a query's list is sorted and read on. */
export function orderOf(projectId: string, query: PersonaQuery) {
  const { sort, isReversed, tags } = query
  const list = `${projectId}\n${markOf(query)}`
  const direction: 1 | -1 = isReversed ? -1 : 1
  const [from, behind] = isReversed ? (['$lte', '$lt'] as const) : (['$gte', '$gt'] as const)

  /** The condition for what lies behind a place. */
  function rest(key: Key, _id: string): Filter<PersonaDocument> {
    if (sort === 'name') return { name: { [behind]: key } }
    // The first bound is where the index is entered; the $or only skips those of the same millisecond that were shown.
    return { [sort]: { [from]: key }, $or: [{ [sort]: { [behind]: key } }, { _id: { [behind]: _id } }] }
  }

  // Keeps the planner from entering by the $or. With tags and another order, it chooses between the tag and the order.
  const byTag = sort === 'createdAt' ? TAG_INDEX : undefined
  const byOrder = { createdAt: ORDER_INDEX, updatedAt: UPDATED_INDEX, name: NAME_INDEX }[sort]
  const hint = tags.length > 0 ? byTag : byOrder
  const keys: [string, 1 | -1][] = [[sort, direction]]
  if (sort !== 'name') keys.push(['_id', direction])
  return {
    options: { sort: keys, ...(hint !== undefined && { hint }) },

    write(last: PersonaDocument): string {
      return encodeCursor(list, { key: toText(last[sort]), _id: last._id })
    },

    /** The condition for what follows a cursor; undefined for one that `write` did not make for the list. */
    read(cursor: string): Filter<PersonaDocument> | undefined {
      const { key, _id } = decodeCursor(list, cursor) ?? {}
      if (key === undefined || _id === undefined) return undefined
      if (sort === 'name') return rest(key, _id)
      return /^\d{1,15}$/.test(key) ? rest(new Date(Number(key)), _id) : undefined
    },
  }
}

interface MongoSearch extends Pick<Store, 'listTagSpellings'> {
  /** Gives the documents of a project that earlier versions stored what they are found by, in steps. */
  fill(projectId: string): Promise<void>
}

export function mongoSearch(personas: Collections['personas']): MongoSearch {
  const filled = new LRUCache<string, true>({ max: 10_000, ttl: FILLED_MS })
  const projection = Object.fromEntries(['updatedAt', ...searchedFields].map((name) => [name, 1]))

  /** Returns whether there were any. */
  async function fillAll(projectId: string): Promise<boolean> {
    const filter = { projectId, search: { $exists: false } }
    // In this order each is looked at once, as filling it leaves its place.
    const without = personas.find(filter, { projection, hint: ORDER_INDEX }).batchSize(FILLED_AT_ONCE)
    let any = false
    try {
      for (; await withTimeout(() => without.hasNext()); any = true) {
        const updates = without.readBufferedDocuments().map((document) => ({
          updateOne: {
            // What was changed since has it.
            filter: { _id: document._id, projectId, updatedAt: document.updatedAt },
            update: { $set: searchFields(toPersona(document)) },
          },
        }))
        await withTimeout(() => personas.bulkWrite(updates, { ordered: false }))
      }
      return any
    } finally {
      // Where the database does not hear of it, it lets go of that by itself.
      await without.close().catch(() => undefined)
    }
  }

  return {
    async fill(projectId) {
      if (filled.has(projectId)) return
      // What a process of an earlier version changed meanwhile is without still.
      while (await fillAll(projectId));
      filled.set(projectId, true)
    },

    async listTagSpellings(projectId) {
      const groups = personas.aggregate<{ _id: string; count: number }>([
        { $match: { projectId } },
        { $unwind: '$tags' },
        { $group: { _id: '$tags', count: { $sum: 1 } } },
        { $sort: { count: -1, _id: 1 } },
        { $limit: MAX_SPELLINGS },
      ])
      return (await withTimeout(() => groups.toArray())).map(({ _id: tag, count }) => ({ tag, count }))
    },
  }
}
