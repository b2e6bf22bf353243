import { pathTo } from '../router.js'

export const SORTS = {
  '-createdAt': 'Newest',
  createdAt: 'Oldest',
  '-updatedAt': 'Last changed',
  name: 'Name',
} as const
export type Sort = keyof typeof SORTS
export const USUAL_SORT: Sort = '-createdAt'

/** A search as it is typed, with its tags as `tag:billing` or `tag:"two words"`. */
export function readSearch(text: string): { q: string; tags: string[] } {
  const tags: string[] = []
  const rest = text.replaceAll(/(?:^|\s)tag:(?:"([^"]+)"|(\S+))/gi, (_, quoted, word) => {
    tags.push(quoted ?? word)
    return ' '
  })
  return { q: rest.replaceAll(/\s+/g, ' ').trim(), tags }
}

/** A tag as it is typed in a search. */
export function tagWord(tag: string): string {
  return /\s/.test(tag) ? `tag:"${tag}"` : `tag:${tag}`
}

/** The address of a search. */
export function addressOf(projectId: string, search: string, sort: string): string {
  const query = new URLSearchParams()
  if (search.trim() !== '') query.set('q', search)
  if (sort !== USUAL_SORT) query.set('sort', sort)
  const text = query.toString()
  return `${pathTo('gallery', { projectId })}${text === '' ? '' : `?${text}`}`
}

/** The order that an address asks for. */
export function sortOf(query: URLSearchParams): Sort {
  const sort = query.get('sort') ?? ''
  // A key of the sorts is one.
  return sort in SORTS ? (sort as Sort) : USUAL_SORT
}

/** The search that was shown last, as an address, and its project. */
let shownLast: { projectId: string; address: string } | undefined

export function rememberSearch(projectId: string, address: string): void {
  shownLast = { projectId, address }
}

/** The way back to the personas: to the search that one came from. */
export function wayBack(projectId: string): string {
  return shownLast?.projectId === projectId ? shownLast.address : pathTo('gallery', { projectId })
}
