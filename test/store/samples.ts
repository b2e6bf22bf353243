import { randomBytes, randomUUID } from 'node:crypto'
import type { ImageRole } from '../../src/images/schema.js'
import type { NewPersona } from '../../src/personas/change.js'
import type { Persona } from '../../src/personas/schema.js'
import type { JsonPage, ListRequest, Store, StoredImage } from '../../src/store/store.js'

/** 2026-01-28T10:00:00.000Z */
export const T0 = Date.UTC(2026, 0, 28, 10)

/** A persona to insert, with a name of its own unless `fields` has one. */
export function newPersona(fields: Partial<NewPersona> = {}): NewPersona {
  const id = randomUUID()
  return { id, name: `persona ${id}`, ...fields }
}

/** A persona as another store holds it, to be moved into one. */
export function storedPersona(fields: Partial<Persona> = {}, createdAt = T0): Persona {
  const at = new Date(createdAt).toISOString()
  return { ...newPersona(), version: 1, createdAt: at, updatedAt: at, ...fields }
}

/** Inserts a persona that must be accepted. */
export async function insert(store: Store, projectId: string, fields: Partial<NewPersona> = {}, now = T0) {
  return persona(await store.insertPersona(projectId, newPersona(fields), now))
}

/** The persona of an outcome that must be one. */
export function persona(outcome: Persona | string | null): Persona {
  if (outcome === null || typeof outcome === 'string') throw new Error(`Expected a persona, got ${outcome}`)
  return outcome
}

/** An image to insert; its bytes are random, since stores do not look into them. */
export function newImage(role: ImageRole = 'persona-avatar', size = 64): StoredImage {
  return { id: `${randomUUID()}.png`, role, format: 'png', bytes: randomBytes(size) }
}

/** All ids of a project, read page by page. */
export async function idsByPage(store: Store, projectId: string, limit: number): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await listOf(store, projectId, { limit, cursor })
    if (page === 'bad-cursor') throw new Error(`The store refuses its own cursor ${cursor}`)
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return ids
}

/** Numbers from 0 to count - 1. */
export function range(count: number): number[] {
  return [...Array(count).keys()]
}

/** A page as a store lists it, with its personas as objects. */
export async function listOf(
  store: Store,
  projectId: string,
  request: ListRequest,
): Promise<(Omit<JsonPage, 'json'> & { items: Persona[] }) | 'bad-cursor'> {
  const page = await store.listPersonas(projectId, request)
  if (page === 'bad-cursor') return page
  const { json, ...rest } = page
  return { items: JSON.parse(json.toString()), ...rest }
}

/** The projects that a store lists, as objects. */
export async function projectsOf(store: Store, id?: string): Promise<{ id: string; name: string }[]> {
  const { json, bytes } = await store.listProjects(id)
  if (Buffer.byteLength(json) !== bytes)
    throw new Error(`A list of ${Buffer.byteLength(json)} bytes says ${bytes}`)
  return JSON.parse(json.toString())
}
