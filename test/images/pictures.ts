import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import type { ImageFormat } from '../../src/images/schema.js'

const red = { r: 230, g: 30, b: 30 }
const blue = { r: 30, g: 30, b: 230 }

/** 60×40, the left half red and the right half blue: turning, cropping and mirroring show. */
export function halves() {
  const right = { create: { width: 30, height: 40, channels: 3, background: blue } } as const
  return sharp({ create: { width: 60, height: 40, channels: 3, background: red } }).composite([
    { input: right, left: 30, top: 0 },
  ])
}

/** One colour, whatever the size. */
export function plain(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: red } })
}

/** What is seen at a place given in parts of width and height, with its names for the two colours above. */
export async function colourAt(bytes: Buffer, x: number, y: number): Promise<'red' | 'blue' | number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels
  const pixel = [...data.subarray(at, at + info.channels)]
  const near = ({ r, g, b }: typeof red) =>
    [r, g, b].every((value, channel) => Math.abs(value - (pixel[channel] ?? 0)) < 25)
  return near(red) ? 'red' : near(blue) ? 'blue' : pixel
}

/** `halves` in a format, with orientation, EXIF, XMP and a colour profile in it. */
export function laden(format: ImageFormat, orientation = 1): Promise<Buffer> {
  return halves()
    .withExif({ IFD0: { Copyright: 'SECRET-EXIF' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><SECRET-XMP/></x:xmpmeta>')
    .withIccProfile('p3')
    .withMetadata({ orientation })
    .toFormat(format)
    .toBuffer()
}

/** A chunk of a PNG: its type and data, and whether its checksum holds. */
export interface PngChunk {
  type: string
  data: Buffer
  intact: boolean
}

/** The chunks of a PNG in their order, read without a library. */
export function pngChunks(png: Buffer): PngChunk[] {
  const chunks: PngChunk[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const end = at + 8 + length
    chunks.push({
      type: png.toString('latin1', at + 4, at + 8),
      data: png.subarray(at + 8, end),
      intact: crc32(png.subarray(at + 4, end)) === png.readUInt32BE(end),
    })
    at = end + 4
  }
  return chunks
}

/** Writes a PNG of these chunks, checksums included. */
export function pngOf(chunks: { type: string; data: Buffer }[]): Buffer {
  const parts = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')]
  for (const { type, data } of chunks) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const numbers = Buffer.alloc(8)
    numbers.writeUInt32BE(data.length)
    numbers.writeUInt32BE(crc32(body), 4)
    parts.push(numbers.subarray(0, 4), body, numbers.subarray(4))
  }
  return Buffer.concat(parts)
}
