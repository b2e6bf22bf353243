import { LRUCache } from 'lru-cache'
import { rememberText } from '../../json-text.js'
import { FIRST_VERSION, type Origin } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'

/** How a version came about, as columns: `changed` is a JSON list of names. */
interface OriginRow {
  changed: string
  reverted_from: number | null
}

/**
 * A persona as SQLite keeps it: the whole as JSON, ready to be sent, beside the columns that indexes and
 * conditions need, and those of how its version came about. `updated_at` is in milliseconds since 1970.
 */
export interface PersonaRow extends OriginRow {
  name: string
  image_url: string | null
  updated_at: number
  body: string
}

/** In rows from before personas had versions `changed` is NULL, and their bodies lack the first version. */
const VERSION = `"version":${FIRST_VERSION},`

/** The body of a persona's row in SQL, and the most bytes that it is longer than the column. */
export const BODY = `CASE WHEN changed IS NULL THEN '{${VERSION}' || substr(body, 2) ELSE body END`
export const BODY_GROWTH = VERSION.length

/** A row of a persona, which nobody may change any more. */
export function toRow(persona: Persona, origin?: Origin): PersonaRow {
  const body = JSON.stringify(persona)
  rememberText(persona, body)
  return {
    name: persona.name,
    image_url: persona.imageUrl ?? null,
    updated_at: Date.parse(persona.updatedAt),
    changed: origin === undefined ? '[]' : JSON.stringify(origin.changed),
    reverted_from: origin?.revertedFrom ?? null,
    body,
  }
}

/** The persona of a row. */
export function toPersona({ body }: Pick<PersonaRow, 'body'>): Persona {
  // It was written from a Persona.
  return JSON.parse(body) as Persona
}

/** How the version of a row came about. */
export function toOrigin({ changed, reverted_from }: Record<string, unknown>): Origin {
  // It was written from the names of fields, or is NULL.
  const names = JSON.parse(String(changed ?? '[]')) as Origin['changed']
  return { changed: names, ...(reverted_from !== null && { revertedFrom: Number(reverted_from) }) }
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
      const persona = Object.freeze(rememberText(toPersona(row), row.body))
      cache.set(key(projectId, id), persona, { size: 2 * row.body.length + OVERHEAD })
      return persona
    },
    drop: (projectId: string, id: string) => cache.delete(key(projectId, id)),
  }
}
