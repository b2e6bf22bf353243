import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { ServiceError } from '../errors.js'
import type { Store } from '../store/types.js'
import { cleanImage, variant } from './processing.js'
import {
  type ImageFormat,
  type ImageInput,
  isImageId,
  type ListImagesInput,
  type ServeImageInput,
  type UploadImageInput,
} from './schema.js'

/** Bytes of variants kept in memory. */
const VARIANT_CACHE_BYTES = 64 * 1024 * 1024

export interface ServedImage {
  format: ImageFormat
  bytes: Buffer
}

interface VariantRequest extends Required<Pick<ServeImageInput, 'projectId' | 'imageId'>> {
  size?: number | undefined
  format?: ImageFormat | undefined
}

export function imageNotFound(): ServiceError {
  return new ServiceError('NOT_FOUND', 'Image not found')
}

/** A new id for an image of a format. */
export function newImageId(format: ImageFormat): string {
  return `${randomUUID()}.${format === 'jpeg' ? 'jpg' : format}`
}

function refused(message: string): ServiceError {
  return new ServiceError('BAD_REQUEST', message, { issues: [{ path: 'imageBase64', message }] })
}

/** The bytes of a base64 text, or undefined for anything else. A regular expression takes ten times as long. */
function decoded(base64: string): Buffer | undefined {
  if (base64 === '' || base64.length % 4 !== 0 || base64.includes('-') || base64.includes('_'))
    return undefined
  const bytes = Buffer.from(base64, 'base64')
  // The decoder passes over what is not of the alphabet, and ends at padding: what is left is too short then.
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return bytes.length === (base64.length / 4) * 3 - padding ? bytes : undefined
}

/** @throws ServiceError BAD_REQUEST for anything but base64, with or without a `data:` prefix and line breaks. */
function fromBase64(text: string): Buffer {
  const body = text.replace(/^data:[^,]{0,200};base64,/i, '')
  const bytes = decoded(body) ?? decoded(body.replaceAll(/\s+/g, ''))
  if (bytes === undefined) {
    throw refused('imageBase64 must be base64 (RFC 4648 §4), with or without a data: prefix')
  }
  return bytes
}

/** The rules of images. Inputs have passed their schemas. */
export class ImageService {
  readonly #store: Store
  readonly #variants: LRUCache<string, ServedImage, VariantRequest>

  constructor(store: Store) {
    this.#store = store
    this.#variants = new LRUCache({
      maxSize: VARIANT_CACHE_BYTES,
      sizeCalculation: ({ bytes }) => bytes.length + 1,
      // Callers that ask for the same variant at once wait for one making of it.
      fetchMethod: (_key, _stale, { context }) => this.#makeVariant(context),
      ignoreFetchAbort: true,
      allowStaleOnFetchAbort: true,
    })
  }

  /** Stores what is left of a picture once it is decoded and encoded anew. @throws ServiceError BAD_REQUEST. */
  async upload({ projectId, imageBase64, role }: UploadImageInput): Promise<{ id: string }> {
    const image = await cleanImage(fromBase64(imageBase64)).catch((error: unknown) => {
      throw error instanceof ServiceError && error.code === 'BAD_REQUEST' ? refused(error.message) : error
    })
    const id = newImageId(image.format)
    await this.#store.insertImage(projectId, { id, role, ...image })
    return { id }
  }

  async list({ projectId, role }: ListImagesInput): Promise<{ ids: string[] }> {
    return { ids: await this.#store.listImageIds(projectId, role) }
  }

  /** @throws ServiceError NOT_FOUND. */
  async delete({ projectId, imageId }: ImageInput): Promise<void> {
    const deleted = isImageId(imageId) && (await this.#store.deleteImage(projectId, imageId))
    if (!deleted) throw imageNotFound()
  }

  /** An image as stored, or a variant of it. @throws ServiceError NOT_FOUND. */
  async serve({ projectId, imageId, size, format }: ServeImageInput): Promise<ServedImage> {
    if (!isImageId(imageId)) throw imageNotFound()
    if (size === undefined && format === undefined) return this.#original(projectId, imageId)
    // A variant outlives its image in the cache; the store decides whether there still is one.
    if (!(await this.#store.hasImage(projectId, imageId))) throw imageNotFound()
    const key = JSON.stringify([projectId, imageId, size, format])
    const context = { projectId, imageId, size, format }
    const made = await this.#variants.fetch(key, { context })
    return made ?? this.#makeVariant(context)
  }

  async #original(projectId: string, imageId: string): Promise<ServedImage> {
    const image = await this.#store.findImage(projectId, imageId)
    if (image === null) throw imageNotFound()
    return image
  }

  async #makeVariant({ projectId, imageId, size, format }: VariantRequest): Promise<ServedImage> {
    const image = await this.#original(projectId, imageId)
    return variant(image, { size, format })
  }
}
