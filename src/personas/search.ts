import { createHash } from 'node:crypto'
import { ASCII } from '../text.js'
import { fieldNames, personaFields } from './fields.js'
import type { ListPersonasInput, Persona, TagCount } from './schema.js'
import { withoutCase } from './tags.js'

/** What a list is ordered by. */
export type SortField = 'createdAt' | 'updatedAt' | 'name'

/** Which personas a list has, and in which order. */
export interface PersonaQuery {
  /** Tags that a persona must have, all of them, as `withoutCase` writes them. */
  tags: readonly string[]
  /** What must occur in a persona's `searchText`, all of it. */
  words: readonly string[]
  name?: string | undefined
  sort: SortField
  isReversed: boolean
}

/** All personas in order of creation. */
export const EVERY_PERSONA: PersonaQuery = { tags: [], words: [], sort: 'createdAt', isReversed: false }

/**
 * A text in which letters are the same that differ in case or accents alone: NFKD without marks (Unicode's UAX #15),
 * then without case. Character by character, but for the final sigma, which becomes the usual one: so whatever is part
 * of a text is part of it folded too.
 */
export function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  const plain = text.normalize('NFKD').replaceAll(/\p{M}+/gu, '')
  return withoutCase(plain).normalize('NFKD').replaceAll('ς', 'σ')
}

/** The fields that `q` is looked for in. */
export const searchedFields = fieldNames.filter((name) => 'isSearched' in personaFields[name])

/** What `q` is looked for in: the texts of a persona, folded, one a line. No word that is looked for has a newline. */
export function searchText(persona: Partial<Persona>): string {
  const texts: string[] = []
  for (const name of searchedFields) {
    // Fields that are searched hold a text, or a list of texts.
    const value = persona[name] as string | string[] | undefined
    if (typeof value === 'string') texts.push(value)
    else if (value !== undefined) texts.push(...value)
  }
  return folded(texts.join('\n'))
}

/** A persona's tags, each without case and as it is spelled. */
export function tagsOf({ tags = [] }: Partial<Persona>): [key: string, spelling: string][] {
  return tags.map((tag) => [withoutCase(tag), tag])
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}

/** What a list is asked for; two inputs that ask for the same come to the same query. */
export function queryOf({ tags, q = '', name, sort = 'createdAt' }: Omit<ListPersonasInput, 'projectId'>) {
  const isReversed = sort.startsWith('-')
  return {
    tags: distinct(tagsOf({ tags }).map(([key]) => key)),
    words: distinct(
      q
        .split(/\s+/)
        .filter((word) => word !== '')
        // One of marks alone stays as it is, and so occurs nowhere: texts have lost theirs.
        .map((word) => folded(word) || word),
    ),
    name,
    // The schema has no other values.
    sort: (isReversed ? sort.slice(1) : sort) as SortField,
    isReversed,
  } satisfies PersonaQuery
}

/** A short text that identifies a query, for its cursors; empty for every persona in order of creation. */
export function markOf({ tags, words, name, sort, isReversed }: PersonaQuery): string {
  const parts = JSON.stringify([tags, words, name, sort, isReversed])
  const { tags: noTags, words: noWords, sort: usual, isReversed: usually } = EVERY_PERSONA
  if (parts === JSON.stringify([noTags, noWords, undefined, usual, usually])) return ''
  return createHash('sha256').update(parts).digest('base64url').slice(0, 16)
}

/** Most spellings of tags that are counted: a project may hold millions. */
export const MAX_SPELLINGS = 10_000

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}

/** Text order of both stores: by code point. */
export function byCodePoint(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (one === other) continue
    // Those of a pair stand for a code point beyond all others.
    const [first, second] = [isSurrogate(one), isSurrogate(other)]
    return first === second ? one - other : Number(first) - Number(second)
  }
  return a.length - b.length
}

/** The most used first; of two that are used as much, the first by code point. */
export function byUse(a: TagCount, b: TagCount): number {
  return b.count - a.count || byCodePoint(a.tag, b.tag)
}

/** The counts of tags from those of their spellings; each tag as it is most often spelled. */
export function countTags(spellings: readonly TagCount[]): TagCount[] {
  const tags = new Map<string, TagCount>()
  for (const { tag, count } of spellings.toSorted(byUse)) {
    const known = tags.get(withoutCase(tag))
    if (known === undefined) tags.set(withoutCase(tag), { tag, count })
    else known.count += count
  }
  return [...tags.values()].sort(byUse)
}
