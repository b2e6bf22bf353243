import { LRUCache } from 'lru-cache'
import type { Persona } from '../../personas/schema.js'

/**
 * A persona as SQLite keeps it: the whole as JSON, ready to be sent, beside the columns that indexes and
 * conditions need. `updated_at` is in milliseconds since 1970.
 */
export interface PersonaRow {
  name: string
  image_url: string | null
  updated_at: number
  body: string
}

/** A row of a persona. */
export function toRow(persona: Persona): PersonaRow {
  return {
    name: persona.name,
    image_url: persona.imageUrl ?? null,
    updated_at: Date.parse(persona.updatedAt),
    body: JSON.stringify(persona),
  }
}

/** The persona of a row. */
export function toPersona({ body }: Pick<PersonaRow, 'body'>): Persona {
  // It was written from a Persona.
  return JSON.parse(body) as Persona
}

/** Characters of persona texts kept in memory. */
const CACHE_SIZE = 16 * 1024 * 1024
/** What a persona takes beside its texts. */
const OVERHEAD = 500

/**
 * Recently read personas. One process alone writes the file, so what it remembers is what is there: only reads
 * outside a transaction may `keep`, as what they find is committed, and every write drops what it changes, as
 * its commit may fail.
 */
export function personaCache() {
  const cache = new LRUCache<string, Persona>({ maxSize: CACHE_SIZE })
  // Ids have one length: no two pairs make one key.
  const key = (projectId: string, id: string) => id + projectId
  return {
    get: (projectId: string, id: string) => cache.get(key(projectId, id)),
    /** The persona of a row, shared by all who ask: nobody may change it. */
    keep(projectId: string, id: string, row: Pick<PersonaRow, 'body'>): Persona {
      const persona = Object.freeze(toPersona(row))
      cache.set(key(projectId, id), persona, { size: row.body.length + OVERHEAD })
      return persona
    },
    drop: (projectId: string, id: string) => cache.delete(key(projectId, id)),
  }
}
