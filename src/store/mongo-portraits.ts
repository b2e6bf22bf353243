import { answer } from './mongo-answer.js'
import type { Collections } from './mongo-collections.js'
import { nextOrderKey } from './mongo-order.js'

/** An image that may lose its last use, or never get one. */
interface ImageAtRisk {
  projectId: string
  imageId: string
}

export interface Portraits {
  /** Runs a change by which the image may become unused, and removes the image if it did. */
  settle<T>(image: ImageAtRisk, signal: AbortSignal, change: () => Promise<T>): Promise<T>
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
    // What was just written counts, acknowledged by a majority or not.
    const use = { projection: { _id: 1 }, readConcern: { level: 'local' } } as const
    if ((await personas.findOne({ projectId, imageUrl: imageId }, use)) !== null) return
    await images.deleteOne({ projectId, id: imageId, role: 'persona-avatar' })
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

    async sweep(olderThanMs) {
      const before = new Date(Date.now() - olderThanMs)
      const notes = await answer(() => portraitChanges.find({ at: { $lte: before } }).toArray())
      for (const note of notes) {
        await answer(async () => {
          await removeIfUnused(note)
          await portraitChanges.deleteOne({ projectId: note.projectId, _id: note._id })
        })
      }
    },
  }
}
