import type { PersonaQuery } from '../../personas/search.js'
import type { Value } from './database.js'

/** The personas of a project for which a query holds. */
export interface Search {
  projectId: string
  query: PersonaQuery
}

/** A place in an order: what it is ordered by, which is `seq` itself in the order of creation, and the `seq`. */
export type Place = [key: string | number, seq: number]

/** Which rows a statement looks at: up to `limit` behind a `seq` of those that have a text, a tag, or trigrams. */
export interface Source {
  after: number
  limit: number
  tag?: string | undefined
  /** A query of FTS5, and the last `seq` for it. */
  trigrams?: { match: string; until: number } | undefined
}

/** A statement and its values. Searches that differ in values alone have the same text. */
export interface Statement {
  sql: string
  values: Value[]
}

type Bind = (value: Value) => string

function statement(write: (bind: Bind) => string): Statement {
  const values: Value[] = []
  return { sql: write((value) => `?${values.push(value)}`), values }
}

const FORWARD = { behind: '>', upTo: '<=', order: 'ASC', last: 'max' } as const
const BACKWARD = { behind: '<', upTo: '>=', order: 'DESC', last: 'min' } as const
/** The columns of each order; names are unique in a project. Each has an index. */
const COLUMNS = { createdAt: ['seq'], updatedAt: ['updated_at', 'seq'], name: ['name'] } as const

/** Whether the query holds for a row `c`, whose text is in scope. Of the tag `known` all rows are known to have it. */
function holds({ projectId, query: { tags, words } }: Search, bind: Bind, known?: string): string {
  const project = bind(projectId)
  const hasTag = (tag: string) =>
    `EXISTS (SELECT 1 FROM persona_tags AS t WHERE t.project_id = ${project} AND t.tag = ${bind(tag)} AND t.seq = c.seq)`
  const hasWord = (word: string) => `instr(text, ${bind(word)}) > 0`
  const others = tags.filter((tag) => tag !== known)
  return ['true', ...others.map(hasTag), ...words.map(hasWord)].join(' AND ')
}

/** Brings the texts of rows `c` into scope, where they are needed. */
function withTexts({ projectId, query: { words } }: Search, bind: Bind): string {
  if (words.length === 0) return ''
  return `LEFT JOIN persona_search AS s ON s.project_id = ${bind(projectId)} AND s.seq = c.seq`
}

function rowsOf(search: Search, { after, limit, tag, trigrams }: Source, bind: Bind): string {
  const { behind, upTo, order } = search.query.isReversed ? BACKWARD : FORWARD
  const some = (seq: string) =>
    `${seq} ${behind} ${bind(after)} ORDER BY ${seq} ${order} LIMIT ${bind(limit)}`
  if (trigrams !== undefined) {
    return `(SELECT rowid AS seq FROM persona_trigrams WHERE persona_trigrams MATCH ${bind(trigrams.match)}
      AND rowid ${upTo} ${bind(trigrams.until)} AND ${some('rowid')}) AS c ${withTexts(search, bind)}`
  }
  const project = `project_id = ${bind(search.projectId)}`
  if (tag === undefined)
    return `(SELECT seq, text FROM persona_search WHERE ${project} AND ${some('seq')}) AS c`
  return `(SELECT seq FROM persona_tags WHERE ${project} AND tag = ${bind(tag)} AND ${some('seq')}) AS c
    ${withTexts(search, bind)}`
}

/** Finds `found`, the `seq` of each row of a source for which the query holds; returns also the number of `rows` and the `last`. */
export function findAmong(search: Search, source: Source): Statement {
  const { last } = search.query.isReversed ? BACKWARD : FORWARD
  return statement(
    (bind) =>
      `SELECT json_group_array(c.seq) FILTER (WHERE ${holds(search, bind, source.tag)}) AS found,
         count(*) AS rows, ${last}(c.seq) AS last
       FROM ${rowsOf(search, source, bind)}`,
  )
}

interface Ordered {
  after: Place
  limit: number
}

function inOrder({ query }: Search, { after: [key, seq], limit }: Ordered, bind: Bind): string {
  const { behind, order } = query.isReversed ? BACKWARD : FORWARD
  const columns = COLUMNS[query.sort]
  const values = columns.map((column) => bind(column === 'seq' ? seq : key))
  return `(${columns}) ${behind} (${values}) ORDER BY ${columns.map((each) => `${each} ${order}`)} LIMIT ${bind(limit)}`
}

/** Looks at the next rows in the query's order: `found` has each row's place, and 1 where the query holds for it. */
export function findInOrder(search: Search, ordered: Ordered): Statement {
  const { sort, name } = search.query
  return statement(
    (bind) =>
      `SELECT json_group_array(json_array(c.key, c.seq, ${holds(search, bind)})) AS found
       FROM (SELECT ${COLUMNS[sort][0]} AS key, seq FROM personas WHERE project_id = ${bind(search.projectId)}
         ${name === undefined ? '' : `AND name = ${bind(name)}`} AND ${inOrder(search, ordered, bind)}) AS c
       ${withTexts(search, bind)}`,
  )
}

/** Brings rows into the query's order: `found` has the places of the next ones. */
export function sortFound(search: Search, seqs: readonly number[], ordered: Ordered): Statement {
  return statement(
    (bind) =>
      `SELECT json_group_array(json_array(key, seq)) AS found
       FROM (SELECT ${COLUMNS[search.query.sort][0]} AS key, seq FROM personas
         WHERE seq IN (SELECT value FROM json_each(${bind(JSON.stringify(seqs))})) AND ${inOrder(search, ordered, bind)})`,
  )
}

/** Behind every name, of at most 200 characters. */
const LAST_NAME = '\u{10ffff}'.repeat(201)

/** Where the query's order begins, and so a list. */
export function beginningOf({ sort, isReversed }: PersonaQuery): Place {
  if (!isReversed) return [sort === 'name' ? '' : 0, 0]
  return [sort === 'name' ? LAST_NAME : Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
}

/** The most trigrams that are looked up: more of them would find hardly fewer rows. */
const MAX_TRIGRAMS = 8

/** A query of FTS5 for rows with a mark and what words of three characters and more consist of; undefined without such. */
export function trigramQuery(mark: string, words: readonly string[]): string | undefined {
  const trigrams = words.flatMap((word) => {
    const characters = [...word]
    const last = characters.length - 3
    // Those between share their characters.
    const starts = characters.map((_, at) => at).filter((at) => at === last || (at < last && at % 3 === 0))
    return starts.map((at) => characters.slice(at, at + 3).join(''))
  })
  if (trigrams.length === 0) return undefined
  const chosen = [mark, ...new Set(trigrams)].slice(0, MAX_TRIGRAMS)
  return chosen.map((each) => `"${each.replaceAll('"', '""')}"`).join(' AND ')
}
