import type { Persona } from '../personas/schema.js'
import type { PersonaQuery } from '../personas/search.js'
import type { Store } from '../store/store.js'

/** What is read of the store at once: no more is held while it is worked on. */
const PAGE = { limit: 500, maxBytes: 1024 * 1024 }

interface Page {
  personas: Persona[]
  /** Reads the next one; absent on the last. */
  next?: () => Promise<Page>
}

/** The first page of the personas that a query leaves, which leads to the others. */
export async function firstPage(store: Store, projectId: string, query?: PersonaQuery): Promise<Page> {
  async function read(cursor?: string): Promise<Page> {
    const page = await store.listPersonas(projectId, {
      ...PAGE,
      cursor,
      ...(query !== undefined && { query }),
    })
    if (page === 'bad-cursor') throw new Error('A list does not know its own cursor')
    const { json, nextCursor } = page
    // A list of the store holds personas.
    const personas = JSON.parse(json.toString()) as Persona[]
    return nextCursor === undefined ? { personas } : { personas, next: () => read(nextCursor) }
  }
  return read()
}
