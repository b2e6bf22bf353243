import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import {
  fileNotAPicture,
  fileTooLargeEncoded,
  imageNotFound,
  notAPicture,
  notBase64,
  tooLargeEncoded,
  tooManyPicturesRead,
} from '../errors/images.js'
import { beginInTurn, Limit, type TakeOptions } from '../limit.js'
import type { Metrics } from '../metrics.js'
import type { Store, StoredImage } from '../store/store.js'
import { AI_MADE_XMP, withXmpChunk } from './mark.js'
import {
  asStyleReference,
  cleanImage,
  type Picture,
  pictureLimits,
  pictureWork,
  pixelsOf,
  variant,
} from './processing.js'
import {
  type ImageFormat,
  type ImageInput,
  isImageId,
  type ListImagesInput,
  type ServeImageInput,
  type UploadImageFileInput,
  type UploadImageInput,
} from './schema.js'
import { SharedWork } from './shared-work.js'

/** Bytes of variants kept in memory. */
const VARIANT_CACHE_BYTES = 32 * 1024 * 1024

/** Stored pictures read from the database at once: each may take 15 MiB. */
const LOADED_AT_ONCE = 4

/** A new id for an image of a format. */
export function newImageId(format: ImageFormat): string {
  return `${randomUUID()}.${format === 'jpeg' ? 'jpg' : format}`
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
  if (bytes === undefined) throw notBase64()
  return bytes
}

/** The rules of images. Inputs have passed their schemas. */
export class ImageService {
  readonly #store: Store
  readonly #variants = new LRUCache<string, Picture>({
    maxSize: VARIANT_CACHE_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length + 1,
  })
  readonly #making = new SharedWork<Picture>()
  readonly #loading = new Limit({
    name: 'loading_pictures',
    capacity: LOADED_AT_ONCE,
    maxWaitMs: 30_000,
    error: tooManyPicturesRead,
  })

  /** Reading one from the embedded file takes up to 10 ms, in which nobody is answered. */
  readonly #turns = new Limit({
    name: 'picture_turns',
    capacity: 1,
    maxWaitMs: 30_000,
    error: tooManyPicturesRead,
  })

  constructor(store: Store, metrics: Pick<Metrics, 'limit'>) {
    this.#store = store
    for (const limit of [...pictureLimits, this.#loading, this.#turns]) metrics.limit(limit)
  }

  /**
   * Stores what is left of a picture once it is decoded and encoded again. `signal` ends the wait for its turn.
   * @throws ServiceError BAD_REQUEST, or SERVICE_UNAVAILABLE where its turn does not come in time.
   */
  async upload({ imageBase64, ...image }: UploadImageInput, signal?: AbortSignal): Promise<{ id: string }> {
    return this.#keep(image, fromBase64(imageBase64), signal)
  }

  /** The same for a picture that is a request's whole body. @throws ServiceError as \`upload\` does, naming the body. */
  async uploadFile(
    image: UploadImageFileInput,
    bytes: Buffer,
    signal?: AbortSignal,
  ): Promise<{ id: string }> {
    return this.#keep(image, bytes, signal).catch((error) => {
      if (notAPicture.is(error)) throw fileNotAPicture({ cause: error.cause })
      throw tooLargeEncoded.is(error) ? fileTooLargeEncoded() : error
    })
  }

  async #keep(
    { projectId, role }: UploadImageFileInput,
    bytes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<{ id: string }> {
    const image = await cleanImage(bytes, { caller: projectId, signal })
    const id = newImageId(image.format)
    await this.#store.insertImage(projectId, { id, role, ...image })
    return { id }
  }

  /**
   * A picture as it is stored for a portrait, as `upload` cleans it; the mark of one that a model made stays on it.
   * @throws ServiceError as `upload` does
   */
  async asPortrait(bytes: Buffer, turn: TakeOptions): Promise<StoredImage> {
    const { format, bytes: cleaned } = await cleanImage(bytes, turn)
    const isMarked = format === 'png' && bytes.includes(AI_MADE_XMP)
    const marked = isMarked ? withXmpChunk(cleaned, AI_MADE_XMP) : cleaned
    return { id: newImageId(format), role: 'persona-avatar', format, bytes: marked }
  }

  async list({ projectId, role }: ListImagesInput): Promise<{ ids: string[] }> {
    return { ids: await this.#store.listImageIds(projectId, role) }
  }

  /** @throws ServiceError NOT_FOUND. */
  async delete({ projectId, imageId }: ImageInput): Promise<void> {
    const deleted = isImageId(imageId) && (await this.#store.deleteImage(projectId, imageId))
    if (!deleted) throw imageNotFound()
  }

  /**
   * An image as stored, or a variant of it. `signal` ends the wait for a variant's turn.
   * @throws ServiceError NOT_FOUND, BAD_REQUEST where a format cannot hold it, or SERVICE_UNAVAILABLE where its
   *   turn does not come in time.
   */
  async serve({ size, format, ...image }: ServeImageInput, signal?: AbortSignal): Promise<Picture> {
    if (!isImageId(image.imageId)) throw imageNotFound()
    if (size === undefined && format === undefined) {
      return this.#load(image)
    }
    return this.#made({ ...image, name: `${size} ${format}`, signal }, (original) =>
      variant(original, { size, format }),
    )
  }

  /** An image as a portrait can use it. @throws ServiceError as `serve` does. */
  async styleReference(image: ImageInput, signal: AbortSignal): Promise<Picture> {
    return this.#made({ ...image, name: 'style reference', signal }, asStyleReference)
  }

  /** What `make` makes of an image, from the cache where it is there; callers that want the same share it. */
  async #made(
    { name, signal, ...image }: ImageInput & { name: string; signal: AbortSignal | undefined },
    make: (original: Picture) => Promise<Picture>,
  ): Promise<Picture> {
    // It outlives its image in the cache; the store decides whether there still is one.
    if (!(await this.#store.hasImage(image.projectId, image.imageId))) throw imageNotFound()
    const key = JSON.stringify([image.projectId, image.imageId, name])
    const made = this.#variants.get(key)
    if (made !== undefined) return made
    const begin = async (abandoned: AbortSignal) => {
      const fresh = await this.#inTurn(image, { caller: image.projectId, signal: abandoned }, make)
      this.#variants.set(key, fresh)
      return fresh
    }
    return this.#making.join(key, begin, signal)
  }

  /** Loads an image twice: to see how large it is, and again in its turn, as what waits must hold no pictures. */
  async #inTurn(
    image: ImageInput,
    turn: TakeOptions,
    make: (original: Picture) => Promise<Picture>,
  ): Promise<Picture> {
    const measure = async () => pixelsOf((await this.#load(image)).bytes)
    const pixels = await this.#loading.run(1, measure, turn)
    return pictureWork(pixels, async () => make(await this.#load(image)), turn)
  }

  async #load({ projectId, imageId }: ImageInput): Promise<Picture> {
    const find = () => this.#store.findImage(projectId, imageId)
    const image = await beginInTurn(this.#turns, find, { caller: projectId })
    if (image === null) throw imageNotFound()
    return image
  }
}
