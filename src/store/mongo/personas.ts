import { MongoBulkWriteError } from 'mongodb'
import { type NewPersona, newPersona } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import { EVERY_PERSONA } from '../../personas/search.js'
import type { Store } from '../store.js'
import { type Collections, isDuplicate, LATEST, nameTaken } from './collections.js'
import { filterOf, mongoSearch, orderOf } from './finding.js'
import { type Place, placeBehind } from './order.js'
import { type PersonaDocument, toDocument, toPersona } from './persona-document.js'
import { timeoutFor, withTimeout } from './timeout.js'

/** The place of a project's newest persona; null where there is none. */
export function newestPlace(personas: Collections['personas'], projectId: string): Promise<Place | null> {
  const place = { projection: { createdAt: 1 }, sort: { createdAt: -1, _id: -1 } } as const
  return personas.findOne({ projectId }, place)
}

/**
 * The places of those of `count` documents that a write of several may not have inserted. Throws where it failed in
 * another way than by duplicates. Not every server says which these are.
 */
function failedOf(error: unknown, count: number): number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error
  const failed = [error.writeErrors].flat().map(({ index }) => index)
  if (failed.length > 0) return failed
  if (!isDuplicate(error)) throw error
  return Array.from({ length: count }, (_, at) => at)
}

type PersonaMethods = Pick<
  Store,
  | 'listPersonas'
  | 'listTagSpellings'
  | 'findPersona'
  | 'listPersonaNames'
  | 'matchPersonaId'
  | 'insertPersona'
  | 'findPersonasByName'
  | 'insertPersonas'
>

/** Documents of one statement: what a slow server inserts within a call's time. */
const INSERTED_AT_ONCE = 50

/** Reading personas and creating them. */
export function mongoPersonas({ personas }: Collections): PersonaMethods {
  const search = mongoSearch(personas)

  const listPersonas: Store['listPersonas'] = async (
    projectId,
    { limit, maxBytes = Number.POSITIVE_INFINITY, cursor, query = EVERY_PERSONA },
  ) => {
    const order = orderOf(projectId, query)
    const after = cursor === undefined ? undefined : order.read(cursor)
    if (cursor !== undefined && after === undefined) return 'bad-cursor'
    if (query.words.length > 0) await search.fill(projectId)
    const found = personas
      .find({ ...after, ...filterOf(projectId, query) }, order.options)
      .limit(limit + 1)
      .batchSize(limit + 1)
    const texts: string[] = []
    let last: PersonaDocument | undefined
    // The brackets and the newline; with each persona but the first goes a comma.
    let bytes = 3
    while (await withTimeout(() => found.hasNext())) {
      for (const document of found.readBufferedDocuments()) {
        const json = JSON.stringify(toPersona(document))
        const size = Buffer.byteLength(json) + (last === undefined ? 0 : 1)
        if (last !== undefined && (texts.length === limit || bytes + size > maxBytes)) {
          // What the database still has ready; where it does not hear of it, it lets go of that by itself.
          await found.close().catch(() => undefined)
          const page = { json: `[${texts.join(',')}]\n`, bytes, nextCursor: order.write(last) }
          return texts.length < limit ? { ...page, endsEarly: true } : page
        }
        texts.push(json)
        last = document
        bytes += size
      }
    }
    return { json: `[${texts.join(',')}]\n`, bytes }
  }

  const insertPersona: Store['insertPersona'] = (projectId, persona, now) => {
    return withTimeout(async (signal) => {
      for (;;) {
        const newest = await newestPlace(personas, projectId)
        signal.throwIfAborted()
        const place = placeBehind(newest, now)
        const document = toDocument(
          { projectId, persona: newPersona(persona, place.createdAt.getTime()) },
          place,
        )
        const outcome = await personas.insertOne(document).then(
          () => toPersona(document),
          async (error: unknown) => {
            // An id is new for each persona: what has it is this one, stored by a try whose answer was lost.
            const own = isDuplicate(error) && (await personas.findOne({ projectId, id: persona.id }, LATEST))
            return own ? toPersona(own) : nameTaken(personas, document, error)
          },
        )
        if (outcome !== null) return outcome
      }
    })
  }

  async function insertSome(projectId: string, given: readonly NewPersona[], now: number) {
    const documents = await withTimeout(async () => {
      let place = await newestPlace(personas, projectId)
      return given.map((persona) => {
        const next = placeBehind(place, now)
        place = next
        return toDocument({ projectId, persona: newPersona(persona, next.createdAt.getTime()) }, next)
      })
    })
    const length = given.reduce((sum, { systemPrompt = '' }) => sum + systemPrompt.length, 0)
    const failed = await withTimeout(
      () =>
        personas.insertMany(documents, { ordered: false }).then(
          () => [],
          (error: unknown) => failedOf(error, documents.length),
        ),
      timeoutFor({ length }),
    )
    const inserted: (Persona | 'name-taken')[] = documents.map(toPersona)
    // Each by itself tells whether its name is taken, or the persona is its own, stored by a try whose answer was lost.
    for (const index of failed) {
      const persona = given[index]
      if (persona !== undefined) inserted[index] = await insertPersona(projectId, persona, now)
    }
    return inserted
  }

  return {
    listPersonas,
    listTagSpellings: search.listTagSpellings,

    async findPersona(projectId, id) {
      const document = await withTimeout(() => personas.findOne({ projectId, id }))
      return document && toPersona(document)
    },

    async listPersonaNames(projectId, limit) {
      const projection = { _id: 0, name: 1, updatedAt: 1 }
      const { options } = orderOf(projectId, EVERY_PERSONA)
      const found = personas.find({ projectId }, { ...options, projection }).limit(limit)
      const names = await withTimeout(() => found.toArray())
      return names.map(({ name, updatedAt }) => ({ name, updatedAt: updatedAt.toISOString() }))
    },

    async matchPersonaId(projectId, prefix) {
      // Ids are of 0-9, a-f and dashes: `g` is behind everything that can follow the prefix.
      const range = { projectId, id: { $gte: prefix, $lt: `${prefix}g` } }
      const projection = { _id: 0, id: 1 }
      const matches = await withTimeout(() => personas.find(range, { projection }).toArray())
      const [first] = matches
      return first === undefined ? { count: 0 } : { count: matches.length, id: first.id }
    },

    insertPersona,

    async findPersonasByName(projectId, names) {
      const found = personas.find({ projectId, name: { $in: [...names] } }, LATEST)
      return (await withTimeout(() => found.toArray())).map(toPersona)
    },

    async insertPersonas(projectId, given, now) {
      const inserted: (Persona | 'name-taken')[] = []
      for (let at = 0; at < given.length; at += INSERTED_AT_ONCE) {
        inserted.push(...(await insertSome(projectId, given.slice(at, at + INSERTED_AT_ONCE), now)))
      }
      return inserted
    },
  }
}
