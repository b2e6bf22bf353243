import { imageRoles } from '../../images/schema.js'
import type { Store, StoredImage } from '../store.js'
import type { Collections, ImageDocument } from './collections.js'
import { nextOrderKey } from './order.js'
import { timeoutFor, withTimeout } from './timeout.js'

/** An image as callers of the store see it. */
export function toImage({ id, role, format, bytes }: ImageDocument): StoredImage {
  return { id, role, format, bytes }
}

type ImageMethods = Pick<
  Store,
  'insertImage' | 'findImage' | 'hasImage' | 'listImageIds' | 'listNewestImageIds' | 'deleteImage'
>

/** Images, each one document. */
export function mongoImages({ images }: Collections): ImageMethods {
  return {
    async insertImage(projectId, { id, role, format, bytes }) {
      const document = { _id: nextOrderKey(), projectId, id, role, format, bytes }
      await withTimeout(() => images.insertOne(document), timeoutFor(bytes))
    },

    async findImage(projectId, id) {
      const document = await withTimeout(() => images.findOne({ projectId, id }))
      return document && toImage(document)
    },

    async hasImage(projectId, id) {
      const projection = { _id: 0, id: 1 }
      return (await withTimeout(() => images.findOne({ projectId, id }, { projection }))) !== null
    },

    async listImageIds(projectId, role) {
      // Named even when all are wanted: the index is by role.
      const roles = role === undefined ? { $in: imageRoles } : role
      const found = images.find({ projectId, role: roles }, { projection: { _id: 0, id: 1 } })
      const documents = await withTimeout(() => found.sort({ _id: 1 }).toArray())
      return documents.map(({ id }) => id)
    },

    async listNewestImageIds(projectId, role, limit) {
      const newest = images.find({ projectId, role }, { projection: { _id: 0, id: 1 } })
      const documents = await withTimeout(() => newest.sort({ _id: -1 }).limit(limit).toArray())
      return documents.map(({ id }) => id)
    },

    async deleteImage(projectId, id) {
      const { deletedCount } = await withTimeout(() => images.deleteOne({ projectId, id }))
      return deletedCount === 1
    },
  }
}
