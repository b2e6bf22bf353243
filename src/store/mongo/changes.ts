import { setTimeout as sleep } from 'node:timers/promises'
import { changed, originOf } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import type { Store, StoredImage } from '../store.js'
import { type Collections, isDuplicate, nameTaken } from './collections.js'
import { nextOrderKey } from './order.js'
import { type PersonaDocument, toOrigin, toPersona, updateOf } from './persona-document.js'
import type { Portraits } from './portraits.js'
import { timeoutFor, withTimeout } from './timeout.js'
import type { Histories } from './versions.js'

function isStale(document: PersonaDocument, ifMatch: readonly string[] | undefined): boolean {
  return ifMatch !== undefined && !ifMatch.includes(document.updatedAt.toISOString())
}

interface PersonaKey {
  projectId: string
  id: string
}

interface Rewrite {
  current: PersonaDocument
  before: Persona
  after: Persona
  revertedFrom?: number | undefined
}

interface ChangeSteps {
  portraits: Portraits
  histories: Histories
  onStep: (step: string) => void
}

type ChangeMethods = Pick<Store, 'updatePersona' | 'deletePersona' | 'storePortrait'>

/** Runs tasks of one key one after another, whether they succeed or fail. */
function turns() {
  const last = new Map<string, Promise<unknown>>()
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work)
    last.set(key, turn)
    try {
      return await turn
    } finally {
      if (last.get(key) === turn) last.delete(key)
    }
  }
}

/** Changing and deleting personas, each as one step from the version it was decided on. */
export function mongoChanges(
  { personas, images }: Collections,
  { portraits, histories, onStep }: ChangeSteps,
): ChangeMethods {
  const inTurn = turns()

  /**
   * Decides on the current version, again whenever another writer came between (null). Those of this process take
   * turns: each attempt writes to the history, and of many at once nearly all would be in vain.
   */
  function fromCurrent<T>(
    key: PersonaKey,
    signal: AbortSignal,
    decide: (current: PersonaDocument) => Promise<T | null>,
  ): Promise<T | 'missing'> {
    return inTurn(key.id + key.projectId, async () => {
      for (let attempt = 0; ; attempt += 1) {
        signal.throwIfAborted()
        const current = await personas.findOne(key)
        if (current === null) return 'missing'
        const outcome = await decide(current)
        if (outcome !== null) return outcome
        await sleep(Math.random() * Math.min(2 ** attempt, 32))
      }
    })
  }

  /** Writes a persona over the version that it was changed from; null if that is no longer the current one. */
  async function write(rewrite: Rewrite, signal: AbortSignal): Promise<Persona | null> {
    const { current, before, after, revertedFrom } = rewrite
    const { projectId, id, updatedAt } = current
    // Before the change, so that the history never lacks what was replaced.
    await histories.keep({ projectId, persona: before, origin: toOrigin(current) })
    signal.throwIfAborted()
    const update = updateOf(before, after, originOf(before, after, revertedFrom))
    const { matchedCount } = await personas.updateOne({ projectId, id, updatedAt }, update)
    onStep('persona changed')
    if (matchedCount === 0) return null
    await histories.dropOldest(projectId, after)
    // As the version matched, this is what the database holds now.
    return after
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
    updatePersona(projectId, id, { now, ifMatch, revertedFrom, ...change }) {
      return withTimeout((signal) =>
        fromCurrent({ projectId, id }, signal, async (current) => {
          if (isStale(current, ifMatch)) return 'stale'
          const before = toPersona(current)
          const after = changed(before, change, now)
          if (after === before) return before
          const { name } = after
          const rewrite = () =>
            write({ current, before, after, revertedFrom }, signal).catch((error: unknown) => {
              if (name === before.name) throw error
              return nameTaken(personas, { projectId, id, name }, error)
            })
          const losesPortrait = after.imageUrl !== before.imageUrl
          return losesPortrait ? leavingPortrait(current, signal, rewrite) : rewrite()
        }),
      )
    },

    deletePersona(projectId, id, ifMatch) {
      return withTimeout((signal) =>
        fromCurrent({ projectId, id }, signal, async (current) => {
          if (isStale(current, ifMatch)) return 'stale'
          const version = { projectId, id, updatedAt: current.updatedAt }
          const remove = async () => {
            const { deletedCount } = await personas.deleteOne(version)
            onStep('persona deleted')
            return deletedCount === 1 ? 'deleted' : null
          }
          return leavingPortrait(current, signal, () => histories.removing({ projectId, id }, signal, remove))
        }),
      )
    },

    storePortrait(projectId, personaId, { image, now }) {
      const key = { projectId, id: personaId }
      return withTimeout(
        (signal) =>
          portraits.settle({ projectId, imageId: image.id }, signal, async () => {
            if ((await personas.findOne(key, { projection: { _id: 1 } })) === null) return 'missing'
            await storeOnce(projectId, image)
            return fromCurrent(key, signal, async (current) => {
              const before = toPersona(current)
              const after = changed(before, { imageUrl: image.id }, now)
              if (after === before) return before
              return leavingPortrait(current, signal, () => write({ current, before, after }, signal))
            })
          }),
        timeoutFor(image.bytes),
      )
    },
  }
}
