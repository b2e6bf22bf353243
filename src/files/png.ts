import { crc32 } from 'node:zlib'
import { FileFault } from './row.js'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** What a chunk has beside its data: length, type and checksum. */
const AROUND = 12
/** Far more than any picture has; each is looked at. */
const MAX_CHUNKS = 20_000

interface Chunk {
  type: string
  data: Buffer
  /** Where it begins. */
  at: number
}

/** The chunks of a PNG up to its end (PNG specification, §5.3). @throws FileFault where it is none, or is cut off */
function* chunksOf(png: Buffer): Generator<Chunk> {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE))
    throw new FileFault('The file is not a PNG picture')
  let at = SIGNATURE.length
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    if (at + AROUND > png.length) throw new FileFault('The PNG picture is cut off')
    const length = png.readUInt32BE(at)
    if (length > png.length - at - AROUND) throw new FileFault('The PNG picture is cut off')
    const type = png.toString('latin1', at + 4, at + 8)
    yield { type, data: png.subarray(at + 8, at + 8 + length), at }
    if (type === 'IEND') return
    at += AROUND + length
  }
  throw new FileFault(`The PNG picture has more than ${MAX_CHUNKS.toLocaleString('en-US')} chunks`)
}

/**
 * The texts of a PNG by their keywords, the first of each: its `tEXt` chunks, which are not compressed (§11.3.3.2). The
 * keywords of cards are written in upper and lower case; here they are in lower case.
 */
export function textsOf(png: Buffer): Map<string, Buffer> {
  const texts = new Map<string, Buffer>()
  for (const { type, data } of chunksOf(png)) {
    const end = type === 'tEXt' ? data.indexOf(0) : -1
    const keyword = data.toString('latin1', 0, Math.max(end, 0)).toLowerCase()
    if (end > 0 && !texts.has(keyword)) texts.set(keyword, data.subarray(end + 1))
  }
  return texts
}

function textChunk(keyword: string, text: string): Buffer {
  const typeAndData = Buffer.from(`tEXt${keyword}\0${text}`, 'latin1')
  const chunk = Buffer.alloc(typeAndData.length + 8)
  chunk.writeUInt32BE(typeAndData.length - 4)
  typeAndData.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(typeAndData), typeAndData.length + 4)
  return chunk
}

/** A PNG with texts of Latin-1 before its end. */
export function withTexts(png: Buffer, texts: Readonly<Record<string, string>>): Buffer {
  let end = png.length
  for (const { type, at } of chunksOf(png)) if (type === 'IEND') end = at
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text))
  return Buffer.concat([png.subarray(0, end), ...chunks, png.subarray(end)])
}
