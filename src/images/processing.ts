import sharp, { type Metadata, type Sharp } from 'sharp'
import { ServiceError } from '../errors.js'
import { gate } from './gate.js'
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

const ACCEPTED = 'image must be a PNG, JPEG or WebP picture of at most 10 MiB and 24 megapixels'

// libvips reads many formats, some of which (SVG, PDF) may load other files: all but these three are closed,
// for everything in this process.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'],
})
// Hardly any picture is worked on twice in a row, and a cache would hold decoded ones.
sharp.cache(false)

// Two at once, as sharp shares libuv's four threads with the rest of the process; but a 24-megapixel picture
// takes up to 400 MB while it is worked on, so a large one is worked on alone.
const inTurn = gate(2)
const LARGE_PIXELS = 8_000_000

// Without adaptive filtering a photograph grows by half; levels beyond 6 take twice the time for nothing.
const PNG = { compressionLevel: 6, adaptiveFiltering: true }

/** A picture that can be decoded, as its content (never a name or declared type) says it is. */
interface Decodable extends Metadata {
  format: ImageFormat
}

/** Decodes a picture upright, of an animation the first frame, and lets `work` encode it in its turn. */
async function withPicture<T>(
  bytes: Buffer,
  work: (picture: Sharp, found: Decodable) => Promise<T>,
): Promise<T> {
  const picture = sharp(bytes, { autoOrient: true, failOn: 'warning', limitInputPixels: MAX_PIXELS })
  const metadata = await picture.metadata()
  const format = imageFormats.find((known) => known === metadata.format)
  if (format === undefined) throw new Error(`a ${metadata.format} picture came through`)
  const cost = metadata.width * metadata.height > LARGE_PIXELS ? 2 : 1
  return inTurn(cost, () => work(picture, { ...metadata, format }))
}

/**
 * Checks an uploaded picture by its content and encodes it anew in its format, so that nothing but upright
 * sRGB pixels survives: no metadata, no trailing bytes, of an animation the first frame.
 *
 * Takes PNG, JPEG and WebP up to 10 MiB and 24 megapixels, and 15 MiB once encoded.
 * @throws ServiceError `BAD_REQUEST` for everything else, broken pictures included
 */
export async function cleanImage(bytes: Buffer): Promise<Picture> {
  if (bytes.length > MAX_UPLOAD_BYTES) throw new ServiceError('BAD_REQUEST', ACCEPTED)
  const cleaned = await withPicture(bytes, async (picture, { format }) => ({
    format,
    bytes: await encodeClean(picture, format).toBuffer(),
  })).catch((cause: unknown) => {
    throw new ServiceError('BAD_REQUEST', ACCEPTED, { cause })
  })
  if (cleaned.bytes.length > MAX_STORED_BYTES) {
    throw new ServiceError('BAD_REQUEST', 'image is larger than 15 MiB once encoded anew: scale it down')
  }
  return cleaned
}

// High qualities, as the picture may be encoded again. Beyond effort 2, WebP takes twice the time and a third
// more memory for nothing.
function encodeClean(picture: Sharp, format: ImageFormat): Sharp {
  if (format === 'png') return picture.png(PNG)
  if (format === 'jpeg') return picture.jpeg({ quality: 90 })
  return picture.webp({ quality: 90, effort: 2 })
}

/** What to make of a stored image; what is left out stays as it is. */
export interface VariantOptions {
  /** Longest side in pixels; a smaller picture is not enlarged. */
  size?: number | undefined
  format?: ImageFormat | undefined
}

/**
 * Scales a stored image down to fit a square of `size` pixels, and encodes it in `format`. JPEG has no
 * transparency: it shows white. The mark of an AI-made picture stays on it. With nothing to do the very same
 * image comes back.
 */
export async function variant(
  image: Picture,
  { size, format = image.format }: VariantOptions,
): Promise<Picture> {
  return withPicture(image.bytes, async (picture, { width, height, xmp }) => {
    const fits = size === undefined || (width <= size && height <= size)
    if (fits && format === image.format) return image
    if (!fits) picture.resize({ width: size, height: size, fit: 'inside' })
    if (format === 'png') {
      const bytes = await picture.png(PNG).toBuffer()
      return { format, bytes: xmp === undefined ? bytes : withXmpChunk(bytes, xmp) }
    }
    if (xmp !== undefined) picture.keepXmp()
    if (format === 'jpeg') picture.flatten({ background: 'white' }).jpeg({ quality: 85 })
    else picture.webp({ quality: 80 })
    return { format, bytes: await picture.toBuffer() }
  })
}

/**
 * Makes a portrait of the provider's picture: upright, cropped to its centred square, a 1024×1024 PNG that
 * carries no metadata but the mark of an AI-made picture in XMP.
 * @throws ServiceError `BAD_GATEWAY` when it is no PNG, JPEG or WebP picture, or a broken one
 */
export async function finishPortrait(bytes: Buffer): Promise<Buffer> {
  const square = { width: PORTRAIT_SIDE, height: PORTRAIT_SIDE, fit: 'cover', position: 'centre' } as const
  const png = await withPicture(bytes, (picture) => picture.resize(square).png(PNG).toBuffer()).catch(
    (cause: unknown) => {
      const message = 'The image provider answered with a picture that cannot be read; try again later'
      throw new ServiceError('BAD_GATEWAY', message, { cause })
    },
  )
  return withXmpChunk(png, AI_MADE_XMP)
}
