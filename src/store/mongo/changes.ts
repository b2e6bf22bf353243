import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { CLEARABLE, type PersonaChange, type Store, type StoredImage } from '../store.js'
import { answer, patienceFor } from './answer.js'
import {
  type Collections,
  fromHeaderFields,
  isDuplicate,
  nameTaken,
  type PersonaDocument,
  toHeaderFields,
} from './collections.js'
import { nextOrderKey } from './order.js'
import { toPersona } from './personas.js'
import type { Portraits } from './portraits.js'

interface Difference {
  set: Partial<PersonaDocument>
  cleared: (typeof CLEARABLE)[number][]
}

/** What a change would really change of a persona; undefined for nothing. */
function differenceOf(document: PersonaDocument, change: PersonaChange): Difference | undefined {
  const set: Partial<PersonaDocument> = {}
  const cleared: Difference['cleared'] = []
  // Read and written anew, so that headers in the form of earlier versions compare equal.
  const headers = document.headers && toHeaderFields(fromHeaderFields(document.headers))
  const present = { ...document, headers }
  const wanted = { ...change, headers: change.headers && toHeaderFields(change.headers) }
  if (wanted.name !== undefined && wanted.name !== document.name) set.name = wanted.name
  for (const field of CLEARABLE) {
    const value = wanted[field]
    if (value === undefined || isDeepStrictEqual(value, present[field] ?? null)) continue
    if (value === null) cleared.push(field)
    else Object.assign(set, { [field]: value })
  }
  return Object.keys(set).length + cleared.length > 0 ? { set, cleared } : undefined
}

function isStale(document: PersonaDocument, ifMatch: readonly string[] | undefined): boolean {
  return ifMatch !== undefined && !ifMatch.includes(document.updatedAt.toISOString())
}

interface PersonaKey {
  projectId: string
  id: string
}

type ChangeMethods = Pick<Store, 'updatePersona' | 'deletePersona' | 'storePortrait'>

/** Changing and deleting personas, each as one step from the version it was decided on. */
export function mongoChanges(
  { personas, images }: Collections,
  { portraits, onStep }: { portraits: Portraits; onStep: (step: string) => void },
): ChangeMethods {
  /** Decides on the current version, again whenever another writer came between (null). */
  async function fromCurrent<T>(
    key: PersonaKey,
    signal: AbortSignal,
    decide: (current: PersonaDocument) => Promise<T | null>,
  ): Promise<T | 'missing'> {
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted()
      const current = await personas.findOne(key)
      if (current === null) return 'missing'
      const outcome = await decide(current)
      if (outcome !== null) return outcome
      await sleep(Math.random() * Math.min(2 ** attempt, 32))
    }
  }

  /** Writes a difference over the version it was decided on; null if that is no longer the current one. */
  async function write(current: PersonaDocument, { set, cleared }: Difference, now: number) {
    const { projectId, id, updatedAt: version } = current
    const $set = { ...set, updatedAt: new Date(Math.max(now, version.getTime() + 1)) }
    const $unset = Object.fromEntries(cleared.map((field) => [field, '' as const]))
    const { matchedCount } = await personas.updateOne(
      { projectId, id, updatedAt: version },
      cleared.length > 0 ? { $set, $unset } : { $set },
    )
    onStep('persona changed')
    if (matchedCount === 0) return null
    // The version matched, so this is what the database holds now.
    const written = { ...current, ...$set }
    for (const field of cleared) written[field] = undefined
    return toPersona(written)
  }

  /** Runs a change that takes the persona's portrait away, if it has one. */
  function leavingPortrait<T>(persona: PersonaDocument, signal: AbortSignal, change: () => Promise<T>) {
    const { projectId, imageUrl: imageId } = persona
    return imageId === undefined ? change() : portraits.settle({ projectId, imageId }, signal, change)
  }

  /** Stores an image, unless an earlier try of the same call did: no two images have one id. */
  async function storeOnce(projectId: string, image: StoredImage): Promise<void> {
    try {
      await images.insertOne({ _id: nextOrderKey(), projectId, ...image })
    } catch (error) {
      if (!isDuplicate(error)) throw error
    }
    onStep('image stored')
  }

  return {
    updatePersona(projectId, id, change) {
      return answer((signal) =>
        fromCurrent({ projectId, id }, signal, async (current) => {
          if (isStale(current, change.ifMatch)) return 'stale'
          const difference = differenceOf(current, change)
          if (difference === undefined) return toPersona(current)
          const { set, cleared } = difference
          const rewrite = () =>
            write(current, difference, change.now).catch((error: unknown) => {
              if (set.name === undefined) throw error
              return nameTaken(personas, { projectId, id, name: set.name }, error)
            })
          const losesPortrait = set.imageUrl !== undefined || cleared.includes('imageUrl')
          return losesPortrait ? leavingPortrait(current, signal, rewrite) : rewrite()
        }),
      )
    },

    deletePersona(projectId, id, ifMatch) {
      return answer((signal) =>
        fromCurrent({ projectId, id }, signal, async (current) => {
          if (isStale(current, ifMatch)) return 'stale'
          return leavingPortrait(current, signal, async () => {
            const version = { projectId, id, updatedAt: current.updatedAt }
            const { deletedCount } = await personas.deleteOne(version)
            onStep('persona deleted')
            return deletedCount === 1 ? 'deleted' : null
          })
        }),
      )
    },

    storePortrait(projectId, personaId, { image, now }) {
      const key = { projectId, id: personaId }
      return answer(
        (signal) =>
          portraits.settle({ projectId, imageId: image.id }, signal, async () => {
            if ((await personas.findOne(key, { projection: { _id: 1 } })) === null) return 'missing'
            await storeOnce(projectId, image)
            return fromCurrent(key, signal, async (current) => {
              const difference = differenceOf(current, { imageUrl: image.id })
              if (difference === undefined) return toPersona(current)
              return leavingPortrait(current, signal, () => write(current, difference, now))
            })
          }),
        patienceFor(image.bytes),
      )
    },
  }
}
