import { createHash, randomBytes, randomInt } from 'node:crypto'
import sharp from 'sharp'

let serial = 0

/** A name that was never used before. */
export function newName(): string {
  serial += 1
  return `${process.pid}-${serial}-${randomBytes(3).toString('hex')}`
}

/** Content of a persona: texts of any length up to a few pages, so that a write takes pages of the database. */
export function newContent() {
  const text = (most: number) => randomBytes(randomInt(1, most)).toString('base64')
  return {
    description: text(1_400).slice(0, 1_900),
    systemPrompt: text(20_000),
    headers: { 'X-Persona': text(60), 'X-Serial': String(serial) },
  }
}

/** A picture of noise, now and then one of megabytes, and the digest of its pixels. */
export async function newPicture(): Promise<{ png: Buffer; pixels: string }> {
  const side = randomInt(12) === 0 ? randomInt(400, 900) : randomInt(8, 64)
  const raw = randomBytes(side * side * 3)
  const png = await sharp(raw, { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer()
  return { png, pixels: digest(raw) }
}

/** The digest of a picture's pixels. @throws Error where it cannot be decoded. */
export async function pixelsOf(bytes: Buffer): Promise<{ pixels: string; width: number; height: number }> {
  const { data, info } = await sharp(bytes, { failOn: 'warning' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { pixels: digest(data), width: info.width, height: info.height }
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A provider key and the mask that answers show of it. */
export function newKey(): { apiKey: string; mask: string } {
  const apiKey = `sk-${randomBytes(12).toString('hex')}`
  return { apiKey, mask: `${apiKey.slice(0, 4)}...${apiKey.slice(-4)}` }
}
