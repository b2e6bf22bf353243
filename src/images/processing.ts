import sharp, { type Metadata, type Sharp } from 'sharp'
import { notAPicture, tooLargeEncoded, tooLargeForFormat, tooManyPictures } from '../errors/images.js'
import { answerUnreadable } from '../errors/portraits.js'
import { Limit, type TakeOptions } from '../limit.js'
import { AI_MADE_XMP, withXmpChunk } from './mark.js'
import { type ImageFormat, imageFormats } from './schema.js'

/** An image as it is stored and served. */
export interface Picture {
  format: ImageFormat
  bytes: Buffer
}

const MIB = 1024 * 1024
const MAX_UPLOAD_BYTES = 10 * MIB
/** A MongoDB document ends at 16 MiB. */
const MAX_STORED_BYTES = 15 * MIB
const MAX_PIXELS = 24_000_000
const PORTRAIT_SIDE = 1024

// libvips reads many formats, some of which (SVG, PDF) may load other files: all but these three are closed,
// for everything in this process.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'],
})
// Hardly any picture is worked on twice in a row, and a cache would hold decoded ones.
sharp.cache(false)

const WAITING = { maxWaiting: 200, maxWaitMs: 30_000, error: tooManyPictures }
/** A screenshot in full HD still counts as small. */
const SMALL_PIXELS = 2_100_000
/** Small pictures take a fraction of a second, and do not wait for large ones. */
const smallPictures = new Limit({ ...WAITING, name: 'small_pictures', capacity: 2 })
/**
 * In pixels, as memory goes with them: up to 21 bytes for each, which is 500 MB for the largest picture. At most
 * two are worked on at once, as sharp shares libuv's four threads with the rest of the process.
 */
const largePictures = new Limit({ ...WAITING, name: 'large_picture_pixels', capacity: MAX_PIXELS })

/** Of this process, as sharp is. */
export const pictureLimits: readonly Limit[] = [smallPictures, largePictures]

// Without adaptive filtering a photograph grows by half; levels beyond 6 take twice the time for nothing.
const PNG = { compressionLevel: 6, adaptiveFiltering: true }

/** A picture that can be decoded, as its content (never a name or declared type) says it is. */
interface Decodable extends Metadata {
  format: ImageFormat
}

/** A picture of which only the header is read: upright, of an animation the first frame. */
async function open(bytes: Buffer): Promise<{ picture: Sharp; found: Decodable }> {
  const picture = sharp(bytes, { autoOrient: true, failOn: 'warning', limitInputPixels: MAX_PIXELS })
  const metadata = await picture.metadata()
  const format = imageFormats.find((known) => known === metadata.format)
  if (format === undefined) throw new Error(`a ${metadata.format} picture came through`)
  return { picture, found: { ...metadata, format } }
}

/** How many pixels a picture has, by its header. */
export async function pixelsOf(bytes: Buffer): Promise<number> {
  const { found } = await open(bytes)
  return found.width * found.height
}

/** Decodes and encodes a picture of so many pixels within the limits of the process. */
export function pictureWork<T>(pixels: number, work: () => Promise<T>, turn: TakeOptions): Promise<T> {
  if (pixels <= SMALL_PIXELS) return smallPictures.run(1, work, turn)
  return largePictures.run(Math.max(pixels, MAX_PIXELS / 2), work, turn)
}

/**
 * Decodes a picture that was sent here and lets `work` encode it, in its turn.
 * @throws the error that `unreadable` makes of its cause where the picture cannot be decoded
 */
async function withSentPicture<T>(
  { bytes, turn, unreadable }: { bytes: Buffer; turn: TakeOptions; unreadable: (cause: unknown) => Error },
  work: (picture: Sharp, found: Decodable) => Promise<T>,
): Promise<T> {
  const refuse = (cause: unknown) => {
    throw unreadable(cause)
  }
  const { picture, found } = await open(bytes).catch(refuse)
  return pictureWork(found.width * found.height, () => work(picture, found).catch(refuse), turn)
}

/**
 * Checks an uploaded picture by its content and encodes it again in its format, so that nothing but upright
 * sRGB pixels survives: no metadata, no trailing bytes, of an animation the first frame.
 *
 * Takes PNG, JPEG and WebP up to 10 MiB and 24 megapixels, and 15 MiB once encoded.
 * @throws ServiceError `BAD_REQUEST` for everything else, broken pictures included; `SERVICE_UNAVAILABLE` where
 *   its turn does not come in time
 */
export async function cleanImage(bytes: Buffer, turn: TakeOptions): Promise<Picture> {
  if (bytes.length > MAX_UPLOAD_BYTES) throw notAPicture()
  const unreadable = (cause: unknown) => notAPicture({ cause })
  const cleaned = await withSentPicture({ bytes, turn, unreadable }, async (picture, { format }) => ({
    format,
    bytes: await encodeClean(picture, format).toBuffer(),
  }))
  if (cleaned.bytes.length > MAX_STORED_BYTES) throw tooLargeEncoded()
  return cleaned
}

// High qualities, as the picture may be encoded again. Beyond effort 2, WebP takes twice the time and a third
// more memory for nothing.
function encodeClean(picture: Sharp, format: ImageFormat): Sharp {
  if (format === 'png') return picture.png(PNG)
  if (format === 'jpeg') return picture.jpeg({ quality: 90 })
  return picture.webp({ quality: 90, effort: 2 })
}

/** Most pixels a side that the encoders take (libjpeg, libwebp); a PNG's side is never the limit here. */
const MAX_SIDE = { png: Number.POSITIVE_INFINITY, jpeg: 65_500, webp: 16_383 }

/** What to make of a stored image; what is left out stays as it is. */
export interface VariantOptions {
  /** Longest side in pixels; a smaller picture is not enlarged. */
  size?: number | undefined
  format?: ImageFormat | undefined
}

/**
 * Scales a stored image down to fit a square of `size` pixels, and encodes it in `format`. JPEG has no
 * transparency: it shows white. The mark of an AI-made picture stays on it. With nothing to do the very same
 * image comes back. Call it in a turn of `pictureWork`.
 * @throws ServiceError `BAD_REQUEST` where the format holds no picture so large
 */
export async function variant(
  image: Picture,
  { size, format = image.format }: VariantOptions,
): Promise<Picture> {
  const { picture, found } = await open(image.bytes)
  const { width, height, xmp } = found
  const fits = size === undefined || (width <= size && height <= size)
  if (fits && format === image.format) return image
  const side = MAX_SIDE[format]
  if (fits && Math.max(width, height) > side) throw tooLargeForFormat({ format, side })
  if (!fits) picture.resize({ width: size, height: size, fit: 'inside' })
  if (format === 'png') {
    const bytes = await picture.png(PNG).toBuffer()
    return { format, bytes: xmp === undefined ? bytes : withXmpChunk(bytes, xmp) }
  }
  if (xmp !== undefined) picture.keepXmp()
  if (format === 'jpeg') picture.flatten({ background: 'white' }).jpeg({ quality: 85 })
  else picture.webp({ quality: 80 })
  return { format, bytes: await picture.toBuffer() }
}

/** A style reference up to this size goes to the provider as it is stored. */
const SMALL_REFERENCE_BYTES = MIB / 2

/**
 * Makes of a stored image what a portrait can use of it: at most 1024 pixels a side, as WebP of seldom more than
 * 512 KiB (2 MiB where it is nothing but noise). A picture that is small already comes back as it is, byte for
 * byte. Call it in a turn of `pictureWork`.
 */
export async function asStyleReference(image: Picture): Promise<Picture> {
  const { picture, found } = await open(image.bytes)
  const fits = Math.max(found.width, found.height) <= PORTRAIT_SIDE
  if (fits && image.bytes.length <= SMALL_REFERENCE_BYTES) return image
  picture.resize({ width: PORTRAIT_SIDE, height: PORTRAIT_SIDE, fit: 'inside', withoutEnlargement: true })
  return { format: 'webp', bytes: await picture.webp({ quality: 85, effort: 2 }).toBuffer() }
}

let plain: Promise<Buffer> | undefined

/** The PNG that stands for the portrait of a persona that has none, in one colour. */
export function plainPortrait(): Promise<Buffer> {
  const create = { width: PORTRAIT_SIDE, height: PORTRAIT_SIDE, channels: 3, background: '#c9cdd4' } as const
  plain ??= sharp({ create }).png(PNG).toBuffer()
  return plain
}

/**
 * Makes a portrait of the provider's picture: upright, cropped to its centred square, a 1024×1024 PNG that
 * carries no metadata but the mark of an AI-made picture in XMP.
 * @throws ServiceError `BAD_GATEWAY` when it is no PNG, JPEG or WebP picture, or a broken one
 */
export async function finishPortrait(bytes: Buffer, turn: TakeOptions): Promise<Buffer> {
  const square = { width: PORTRAIT_SIDE, height: PORTRAIT_SIDE, fit: 'cover', position: 'centre' } as const
  const unreadable = (cause: unknown) => answerUnreadable({ cause })
  const png = await withSentPicture({ bytes, turn, unreadable }, (picture) =>
    picture.resize(square).png(PNG).toBuffer(),
  )
  return withXmpChunk(png, AI_MADE_XMP)
}
