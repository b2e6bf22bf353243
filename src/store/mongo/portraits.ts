import type { ImageRole } from '../../images/schema.js'
import { type Collections, LATEST } from './collections.js'
import { nextOrderKey } from './order.js'
import type { OfFields, PersonaDocument } from './persona-document.js'
import { withTimeout } from './timeout.js'

export const PORTRAIT: ImageRole = 'persona-avatar'

/** Portraits that are looked at in one statement. */
const BATCH = 100

/** An image that may lose its last use, or never get one. */
interface ImageAtRisk {
  projectId: string
  imageId: string
}

export interface Portraits {
  /** Runs a change by which the image may become unused, and removes the image if it did. */
  settle<T>(image: ImageAtRisk, signal: AbortSignal, change: () => Promise<T>): Promise<T>
  /** Removes a project's portraits that no persona uses and no change is busy with; false if there were none. */
  removeUnused(projectId: string): Promise<boolean>
  /** Settles what changes that began more than `olderThanMs` ago, and never ended, left behind. */
  sweep(olderThanMs: number): Promise<void>
}

/**
 * Keeps the promise that portraits nobody uses go. A note of the image is written before the change and
 * removed after the image was settled: whenever a process ends, the note of what it left is there.
 * `onStep` is told each step once it is done.
 */
export function mongoPortraits(
  { personas, images, portraitChanges }: Collections,
  onStep: (step: string) => void,
): Portraits {
  async function removeIfUnused({ projectId, imageId }: ImageAtRisk): Promise<void> {
    const use = { projection: { _id: 1 }, ...LATEST }
    const uses = { projectId, imageUrl: imageId } satisfies OfFields<PersonaDocument, string>
    if ((await personas.findOne(uses, use)) !== null) return
    await images.deleteOne({ projectId, id: imageId, role: PORTRAIT })
  }

  return {
    async settle(image, signal, change) {
      const note = { _id: nextOrderKey(), ...image, at: new Date() }
      await portraitChanges.insertOne(note)
      onStep('noted')
      signal.throwIfAborted()
      const outcome = await change()
      await removeIfUnused(image)
      onStep('settled')
      await portraitChanges.deleteOne({ projectId: image.projectId, _id: note._id })
      onStep('note removed')
      return outcome
    },

    async removeUnused(projectId) {
      let after = ''
      for (let removed = false; ; ) {
        const stored = images
          .find({ projectId, role: PORTRAIT, _id: { $gt: after } }, { projection: { id: 1 }, ...LATEST })
          .sort({ _id: 1 })
          .limit(BATCH)
        const batch = await withTimeout(() => stored.toArray())
        const last = batch.at(-1)
        if (last === undefined) return removed
        after = last._id
        const ids = batch.map(({ id }) => id)
        // The notes first: what a change has settled by then is in use, or was removed.
        const notes = portraitChanges.find({ projectId, imageId: { $in: ids } }, LATEST)
        const noted = new Set((await withTimeout(() => notes.toArray())).map(({ imageId }) => imageId))
        const use = { projection: { _id: 0, imageUrl: 1 }, ...LATEST }
        const uses = { projectId, imageUrl: { $in: ids } } satisfies OfFields<PersonaDocument, unknown>
        const users = personas.find(uses, use)
        const used = new Set((await withTimeout(() => users.toArray())).map(({ imageUrl }) => imageUrl))
        // A change may go on to use what it has noted, or may have seen a use that is gone now: left to the sweep.
        const undecided = ids.filter((id) => noted.has(id) && !used.has(id))
        if (undecided.length > 0) {
          const at = new Date()
          const left = undecided.map((imageId) => ({ _id: nextOrderKey(), projectId, imageId, at }))
          await withTimeout(() => portraitChanges.insertMany(left))
        }
        const unused = ids.filter((id) => !noted.has(id) && !used.has(id))
        if (unused.length === 0) continue
        await withTimeout(() => images.deleteMany({ projectId, id: { $in: unused } }))
        removed = true
      }
    },

    async sweep(olderThanMs) {
      const before = new Date(Date.now() - olderThanMs)
      const notes = await withTimeout(() => portraitChanges.find({ at: { $lte: before } }).toArray())
      for (const note of notes) {
        await withTimeout(async () => {
          await removeIfUnused(note)
          await portraitChanges.deleteOne({ projectId: note.projectId, _id: note._id })
        })
      }
    },
  }
}
