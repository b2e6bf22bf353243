import { contentOf, FIRST_VERSION } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'
import type { Store } from '../store.js'
import type { PersonaRecord } from '../transfer.js'
import { type Collections, isDuplicate, LATEST } from './collections.js'
import { nextOrderKey } from './order.js'
import {
  type PersonaDocument,
  toOrigin,
  toPersona,
  toVersionDocument,
  type VersionDocument,
} from './persona-document.js'
import { withTimeout } from './timeout.js'

/** Versions that are looked at, or removed, in one statement. */
const BATCH = 100

/** What changes and deletions do to histories. */
export interface Histories {
  /** Adds a version that a change is about to replace. As a version never changes, it can be added again. */
  keep(version: PersonaRecord): Promise<void>
  /** Removes the versions beyond as many as are kept, once a persona was changed. */
  dropOldest(projectId: string, after: Persona): Promise<void>
  /** Runs the removal of a persona (null: it was not removed), and removes its history. */
  removing<T>(
    persona: { projectId: string; id: string },
    signal: AbortSignal,
    remove: () => Promise<T>,
  ): Promise<T>
  /** Has the histories of the project's personas that are gone by then removed a while later, whatever happens. */
  noteRemoval(projectId: string): Promise<void>
  /** Removes the histories of the project's personas that are gone. */
  removeOrphans(projectId: string): Promise<void>
  /** Removes what is left of histories whose removal was noted more than `olderThanMs` ago. */
  sweep(olderThanMs: number): Promise<void>
}

type IdRange = string | { $gt: string } | { $gte: string }

/** The entry of a version in the list. */
function toEntry(
  document: Pick<PersonaDocument | VersionDocument, 'version' | 'updatedAt' | 'changed' | 'revertedFrom'>,
) {
  const { version = FIRST_VERSION, updatedAt } = document
  return { version, updatedAt: updatedAt.toISOString(), ...toOrigin(document) }
}

/**
 * The histories of personas in MongoDB, of at most `kept` versions each, the current one counted. A version is
 * written to the history before a change replaces it, and so may still be the current one: only what is below
 * that is history. docs/decisions/versions.md says why. `onStep` is told each step once it is done.
 */
export function mongoVersions(
  { personas, versions, historyRemovals }: Collections,
  { kept, onStep }: { kept: number; onStep: (step: string) => void },
): Pick<Store, 'listVersions' | 'findVersion'> & { histories: Histories } {
  const entry = { projection: { _id: 0, version: 1, updatedAt: 1, changed: 1, revertedFrom: 1 } } as const

  async function note(removal: { projectId: string; id?: string }): Promise<void> {
    await historyRemovals.insertOne({ _id: nextOrderKey(), ...removal, at: new Date() })
    onStep('removal noted')
  }

  /** Some versions, in the order of their personas' ids, and those of them whose persona is gone. */
  async function look(projectId: string, id: IdRange) {
    const found = versions.find({ projectId, id }, { projection: { id: 1 }, ...LATEST })
    const batch = await withTimeout(() => found.sort({ id: 1, version: 1 }).limit(BATCH).toArray())
    const owners = { projectId, id: { $in: [...new Set(batch.map((each) => each.id))] } }
    const there = personas.find(owners, { projection: { _id: 0, id: 1 }, ...LATEST })
    const present = new Set((await withTimeout(() => there.toArray())).map((each) => each.id))
    return { last: batch.at(-1)?.id, orphans: batch.filter((each) => !present.has(each.id)) }
  }

  /** Removes the history of a persona that is gone, or of all that are. */
  async function removeOrphans(projectId: string, id?: string): Promise<void> {
    for (let range: IdRange = id ?? { $gt: '' }; ; ) {
      const { last, orphans } = await look(projectId, range)
      const ids = orphans.map(({ _id }) => _id)
      if (ids.length > 0) await withTimeout(() => versions.deleteMany({ projectId, _id: { $in: ids } }))
      const isLastGone = orphans.at(-1)?.id === last
      if (last === undefined || (id !== undefined && !isLastGone)) return
      // There may be more of the last persona: they are removed as well, or passed over.
      if (id === undefined) range = isLastGone ? { $gte: last } : { $gt: last }
    }
  }

  const histories: Histories = {
    async keep({ persona, ...record }) {
      try {
        await versions.insertOne(
          toVersionDocument({ ...record, persona: contentOf(persona) }, nextOrderKey()),
        )
      } catch (error) {
        // It was added by a change that then failed, or by one that came first.
        if (!isDuplicate(error)) throw error
      }
      onStep('version kept')
    },

    async dropOldest(projectId, { id, version }) {
      if (version <= kept) return
      await versions.deleteMany({ projectId, id, version: { $lte: version - kept } })
      onStep('oldest dropped')
    },

    async removing({ projectId, id }, signal, remove) {
      await note({ projectId, id })
      signal.throwIfAborted()
      const outcome = await remove()
      // The note stays: a change that was decided before may still add a version.
      if (outcome !== null) await removeOrphans(projectId, id)
      onStep('history removed')
      return outcome
    },

    noteRemoval: (projectId) => withTimeout(() => note({ projectId })),
    removeOrphans,

    async sweep(olderThanMs) {
      const before = new Date(Date.now() - olderThanMs)
      const notes = await withTimeout(() => historyRemovals.find({ at: { $lte: before } }).toArray())
      for (const { _id, projectId, id } of notes) {
        await removeOrphans(projectId, id)
        await withTimeout(() => historyRemovals.deleteOne({ projectId, _id }))
      }
    },
  }

  return {
    histories,

    listVersions(projectId, id, { limit, before = Number.MAX_SAFE_INTEGER }) {
      return withTimeout(async () => {
        const current = await personas.findOne({ projectId, id }, entry)
        if (current === null) return 'missing'
        const { version } = toEntry(current)
        const range = { $lt: Math.min(version, before), $gt: version - kept }
        const found = versions.find({ projectId, id, version: range }, entry)
        const older = await found.sort({ version: -1 }).limit(limit).toArray()
        // A deletion in between takes versions that were there.
        if (older.length === 0 && (await personas.findOne({ projectId, id }, entry)) === null)
          return 'missing'
        return [...(version < before ? [current] : []), ...older].slice(0, limit).map(toEntry)
      })
    },

    findVersion(projectId, id, version) {
      return withTimeout(async () => {
        const document = await personas.findOne({ projectId, id })
        if (document === null) return 'missing'
        const current = toPersona(document)
        if (version === current.version) return contentOf(current)
        const isKept = version < current.version && version > current.version - kept
        const found = isKept ? await versions.findOne({ projectId, id, version }) : null
        return found === null ? 'no-version' : toPersona(found)
      })
    },
  }
}
