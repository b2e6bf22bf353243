import { LRUCache } from 'lru-cache'
import type { Persona } from '../../personas/schema.js'
import { CLEARABLE, type NewPersona, type PersonaChange } from '../store.js'

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

/** A persona as it is created; fields that are not given are not there. */
export function newPersona(
  { id, name, description, systemPrompt, headers }: NewPersona,
  now: number,
): Persona {
  const at = new Date(now).toISOString()
  // In the order in which the API shows them. A spread for each would take longer than all the rest.
  const persona: Partial<Persona> & Pick<Persona, 'id' | 'name'> = { id, name }
  if (description !== undefined) persona.description = description
  if (systemPrompt !== undefined) persona.systemPrompt = systemPrompt
  if (headers !== undefined) persona.headers = headers
  return Object.assign(persona, { createdAt: at, updatedAt: at })
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

/** The persona as a change leaves it; the very same object where nothing changes. */
export function changed(persona: Persona, change: PersonaChange, now: number): Persona {
  const next: Persona = { ...persona, ...(change.name !== undefined && { name: change.name }) }
  for (const field of CLEARABLE) {
    const value = change[field]
    if (value === null) delete next[field]
    else if (value !== undefined) Object.assign(next, { [field]: value })
  }
  if (content(next) === content(persona)) return persona
  // The version grows even where the clock does not.
  const updatedAt = Math.max(now, Date.parse(persona.updatedAt) + 1)
  return { ...next, updatedAt: new Date(updatedAt).toISOString() }
}

/** What makes a persona, whatever the order in which its fields came. */
function content({ name, description, systemPrompt, imageUrl, headers }: Persona): string {
  return JSON.stringify([name, description, systemPrompt, imageUrl, headers])
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
