import { randomBytes, randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { notAPicture } from '../../src/errors/images.js'
import * as processing from '../../src/images/processing.js'
import { asStyleReference, variant } from '../../src/images/processing.js'
import { imageFormats } from '../../src/images/schema.js'
import { colourAt, halves, laden, plain, pngChunks, pngOf } from './pictures.js'

const refused = { code: 'BAD_REQUEST', message: notAPicture.text }
// Whose turn it is does not matter where one caller works on one picture at a time.
const cleanImage = (bytes: Buffer) => processing.cleanImage(bytes, {})
const finishPortrait = (bytes: Buffer) => processing.finishPortrait(bytes, {})
const AI_MADE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'

describe('cleanImage', () => {
  it.each(imageFormats)('keeps the pixels of a %s, upright, and nothing else', async (format) => {
    // Orientation 6: turn it right, so that what was left is on top.
    const bytes = await laden(format, 6)
    expect(bytes.includes('SECRET-EXIF')).toBe(true)
    const cleaned = await cleanImage(bytes)
    expect(cleaned.format).toBe(format)
    const found = await sharp(cleaned.bytes).metadata()
    expect(found).toMatchObject({ format, width: 40, height: 60, space: 'srgb', depth: 'uchar' })
    expect([found.exif, found.xmp, found.icc, found.iptc, found.orientation, found.comments]).toEqual(
      Array(6).fill(undefined),
    )
    expect(cleaned.bytes.toString('latin1')).not.toContain('SECRET')
    // Close to the colours before they went into the wider profile and out of it again.
    expect(await colourAt(cleaned.bytes, 0.5, 0.1)).toBe('red')
    expect(await colourAt(cleaned.bytes, 0.5, 0.9)).toBe('blue')
  })

  it('turns all eight orientations upright', async () => {
    // Where red is once the picture stands as its orientation says (EXIF 2.32, table 6).
    const places = {
      1: 'left',
      2: 'right',
      3: 'right',
      4: 'left',
      5: 'top',
      6: 'top',
      7: 'bottom',
      8: 'bottom',
    }
    const spots = { left: [0.1, 0.5], right: [0.9, 0.5], top: [0.5, 0.1], bottom: [0.5, 0.9] } as const
    for (const [orientation, place] of Object.entries(places)) {
      const { bytes } = await cleanImage(await laden('jpeg', Number(orientation)))
      // The values of `places` are the names in `spots`.
      const [x, y] = spots[place as keyof typeof spots]
      expect(await colourAt(bytes, x, y), `orientation ${orientation}`).toBe('red')
    }
  })

  it('cuts off what follows the picture, and drops what hides in its chunks', async () => {
    const zip = Buffer.concat([Buffer.from('PK\x03\x04evil.html<script>alert(1)</script>'), randomBytes(64)])
    for (const format of imageFormats) {
      const { bytes } = await cleanImage(Buffer.concat([await halves().toFormat(format).toBuffer(), zip]))
      expect(bytes.includes('script')).toBe(false)
      expect(await colourAt(bytes, 0.1, 0.5)).toBe('red')
    }
    const [header, ...rest] = pngChunks(await halves().png().toBuffer())
    const text = { type: 'tEXt', data: Buffer.from('Comment\0<script>alert(1)</script>') }
    const { bytes } = await cleanImage(pngOf([header ?? text, text, ...rest]))
    expect(pngChunks(bytes).map(({ type }) => type)).not.toContain('tEXt')
  })

  it('makes 8-bit sRGB of deep, grey, CMYK and paletted pictures', async () => {
    const deep = await halves().toColourspace('rgb16').png().toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    const cmyk = await halves().toColourspace('cmyk').jpeg().toBuffer()
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    const paletted = await halves().png({ palette: true }).toBuffer()
    for (const bytes of [deep, cmyk, paletted]) {
      const cleaned = await cleanImage(bytes)
      expect(await sharp(cleaned.bytes).metadata()).toMatchObject({ depth: 'uchar', space: 'srgb' })
      const [left] = (await sharp(cleaned.bytes).raw().toBuffer()).subarray(0, 3)
      expect(left).toBeGreaterThan(180)
    }
    const grey = await cleanImage(await halves().greyscale().png().toBuffer())
    const [first, second, third] = await sharp(grey.bytes).toColourspace('srgb').raw().toBuffer()
    expect([second, third]).toEqual([first, first])
  })

  it('keeps transparency', async () => {
    const glass = { r: 230, g: 30, b: 30, alpha: 0.5 }
    const picture = sharp({ create: { width: 8, height: 8, channels: 4, background: glass } })
    for (const format of ['png', 'webp'] as const) {
      const { bytes } = await cleanImage(await picture.clone().toFormat(format).toBuffer())
      const pixels = await sharp(bytes).raw().toBuffer()
      expect(pixels[3]).toBe(128)
    }
  })

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all(
      ['#e61e1e', '#1e1ee6'].map((background) =>
        sharp({ create: { width: 20, height: 20, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    )
    const animation = await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer()
    expect((await sharp(animation).metadata()).pages).toBe(2)
    const { bytes } = await cleanImage(animation)
    expect((await sharp(bytes).metadata()).pages).toBeUndefined()
    expect(await colourAt(bytes, 0.5, 0.5)).toBe('red')
  })

  it('refuses every other format, whatever it calls itself', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
    const others: Record<string, Buffer> = {
      nothing: Buffer.alloc(0),
      text: Buffer.from('not a picture'),
      svg: Buffer.from(svg),
      svgWithProlog: Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg SYSTEM "file:///etc/passwd">${svg}`),
      html: Buffer.from('<!doctype html><script>alert(1)</script>'),
      pdf: Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj'),
      bmp: Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]),
      gif: await plain(9, 9).gif().toBuffer(),
      avif: await plain(9, 9).heif({ compression: 'av1' }).toBuffer(),
      tiff: await plain(9, 9).tiff().toBuffer(),
      gifThatIsScript: Buffer.from('GIF89a/*\0\0\0\0*/=1;alert(1)'),
      pngInNameOnly: Buffer.from('\x89PNG\r\n\x1a\n<script>alert(1)</script>', 'latin1'),
      jpegInNameOnly: Buffer.from('\xff\xd8\xff\xe0<?php system("id") ?>', 'latin1'),
      webpInNameOnly: Buffer.from('RIFF\x20\0\0\0WEBPVP8 <script>alert(1)</script>', 'latin1'),
      fileName: Buffer.from('/etc/passwd'),
    }
    for (const [name, bytes] of Object.entries(others)) {
      await expect(cleanImage(bytes), name).rejects.toMatchObject(refused)
    }
  })

  it('closes the readers of all other formats, and of files, for the whole process', async () => {
    const gif = await plain(9, 9).gif().toBuffer()
    await expect(sharp(gif).metadata()).rejects.toThrow(/unsupported image format/)
    await expect(sharp(Buffer.from('<svg width="9" height="9"/>')).metadata()).rejects.toThrow(/unsupported/)
    const file = join(tmpdir(), `${randomUUID()}.png`)
    await writeFile(file, await plain(9, 9).png().toBuffer())
    await expect(sharp(file).metadata()).rejects.toThrow(/unsupported image format/)
    await rm(file)
  })

  it.each(imageFormats)('refuses a truncated %s', async (format) => {
    const noise = { raw: { width: 64, height: 64, channels: 3 } } as const
    const whole = await sharp(randomBytes(64 * 64 * 3), noise)
      .toFormat(format)
      .toBuffer()
    for (const part of [0.05, 0.5, 0.9, 0.98]) {
      const cut = whole.subarray(0, Math.floor(whole.length * part))
      await expect(cleanImage(cut), `${part} of it`).rejects.toMatchObject(refused)
    }
  })

  it.each(['png', 'jpeg'] as const)('refuses a corrupt %s', async (format) => {
    const noise = { raw: { width: 64, height: 64, channels: 3 } } as const
    const bytes = await sharp(randomBytes(64 * 64 * 3), noise)
      .toFormat(format)
      .toBuffer()
    const middle = Math.floor(bytes.length / 2)
    bytes.fill(0xff, middle, middle + 200)
    await expect(cleanImage(bytes)).rejects.toMatchObject(refused)
  })

  it('refuses pixel bombs before it decodes them', async () => {
    const size = Buffer.from('0000753000007530', 'hex')
    const header = { type: 'IHDR', data: Buffer.concat([size, Buffer.from([8, 6, 0, 0, 0])]) }
    const bomb = pngOf([
      header,
      { type: 'IDAT', data: deflateSync(Buffer.alloc(1_000_000)) },
      { type: 'IEND', data: Buffer.alloc(0) },
    ])
    expect(bomb.length).toBeLessThan(2_000)
    const started = performance.now()
    await expect(cleanImage(bomb)).rejects.toMatchObject(refused)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('takes 24 megapixels and not one more row', async () => {
    const { bytes } = await cleanImage(await plain(6000, 4000).jpeg().toBuffer())
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 6000, height: 4000 })
    await expect(cleanImage(await plain(6000, 4001).jpeg().toBuffer())).rejects.toMatchObject(refused)
  })

  it('takes 10 MiB and not one byte more', async () => {
    const picture = await halves().jpeg().toBuffer()
    const filled = Buffer.concat([picture, Buffer.alloc(10 * 1024 * 1024 - picture.length)])
    await expect(cleanImage(filled)).resolves.toMatchObject({ format: 'jpeg' })
    await expect(cleanImage(Buffer.concat([filled, Buffer.alloc(1)]))).rejects.toMatchObject(refused)
  })

  it('refuses what grows beyond 15 MiB', async () => {
    // Few colours in no order are small with a palette, and three times as large without.
    const pixels = Buffer.alloc(3600 * 3600 * 3)
    const choices = randomBytes(3600 * 3600)
    for (let at = 0; at < choices.length; at += 1) {
      const choice = choices[at] ?? 0
      pixels[at * 3] = (choice & 15) * 16
      pixels[at * 3 + 1] = ((choice & 12) + 3) * 13
      pixels[at * 3 + 2] = (choice & 48) * 4
    }
    const raw = { raw: { width: 3600, height: 3600, channels: 3 } } as const
    const bytes = await sharp(pixels, raw)
      .png({ palette: true, effort: 1, colours: 64, dither: 0 })
      .toBuffer()
    expect(bytes.length).toBeLessThan(10 * 1024 * 1024)
    await expect(cleanImage(bytes)).rejects.toMatchObject({ code: 'BAD_REQUEST', message: /15 MiB/ })
  })
})

describe('variant', () => {
  it('scales down into a square and keeps the shape', async () => {
    const image = { format: 'png', bytes: await halves().png().toBuffer() } as const
    const small = await variant(image, { size: 30 })
    expect(await sharp(small.bytes).metadata()).toMatchObject({ format: 'png', width: 30, height: 20 })
    expect(await colourAt(small.bytes, 0.1, 0.5)).toBe('red')
    expect(await colourAt(small.bytes, 0.9, 0.5)).toBe('blue')
  })

  it.each(imageFormats)('never enlarges, and encodes as %s', async (format) => {
    const image = { format: 'png', bytes: await halves().png().toBuffer() } as const
    const made = await variant(image, { size: 512, format })
    expect(made.format).toBe(format)
    expect(await sharp(made.bytes).metadata()).toMatchObject({ format, width: 60, height: 40 })
    expect(await colourAt(made.bytes, 0.9, 0.5)).toBe('blue')
  })

  it('gives the same image back when nothing is to be done', async () => {
    const image = { format: 'png', bytes: await halves().png().toBuffer() } as const
    expect(await variant(image, { size: 64 })).toBe(image)
    expect(await variant(image, {})).toBe(image)
  })

  it('shows white where a JPEG would have been transparent', async () => {
    const clear = {
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    } as const
    const image = { format: 'png', bytes: await sharp(clear).png().toBuffer() } as const
    const { bytes } = await variant(image, { format: 'jpeg' })
    expect(await colourAt(bytes, 0.5, 0.5)).toEqual([255, 255, 255])
  })

  it.each(imageFormats)('leaves the mark of a portrait on its %s', async (format) => {
    const image = { format: 'png', bytes: await finishPortrait(await halves().png().toBuffer()) } as const
    const { bytes } = await variant(image, { size: 64, format })
    const { xmpAsString, width } = await sharp(bytes).metadata()
    expect(width).toBe(64)
    expect(xmpAsString).toContain(AI_MADE)
  })
})

describe('a format that holds no picture so large', () => {
  const side = (width: number, height: number) => plain(width, height).png().toBuffer()

  it.each([
    ['webp', 16_383, '16,383'],
    ['jpeg', 65_500, '65,500'],
  ] as const)('%s is refused beyond %i pixels a side, with what to do', async (format, most, told) => {
    const message = `format ${format} takes pictures of at most ${told} pixels a side: add size or choose another format`
    for (const [width, height] of [
      [most + 1, 8],
      [8, most + 1],
    ] as const) {
      const image = { format: 'png', bytes: await side(width, height) } as const
      await expect(variant(image, { format })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        message,
        issues: [{ path: 'format', message }],
      })
      const small = await variant(image, { format, size: 64 })
      expect(Object.values(await sharp(small.bytes).metadata())).toContain(64)
    }
    const largest = await variant({ format: 'png', bytes: await side(most, 8) }, { format })
    expect(await sharp(largest.bytes).metadata()).toMatchObject({ format, width: most })
  })
})

describe('asStyleReference', () => {
  const noise = (width: number, height: number) =>
    sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })

  it.each(imageFormats)('leaves a small %s as it is, byte for byte', async (format) => {
    const image = { format, bytes: await plain(1024, 700).toFormat(format).toBuffer() }
    expect(await asStyleReference(image)).toBe(image)
  })

  it('scales what is wide or high down to 1024 pixels and keeps its shape', async () => {
    const image = { format: 'png', bytes: await plain(2048, 1024).png().toBuffer() } as const
    const made = await asStyleReference(image)
    expect(await sharp(made.bytes).metadata()).toMatchObject({ format: 'webp', width: 1024, height: 512 })
    expect(made.format).toBe('webp')
    expect(await colourAt(made.bytes, 0.5, 0.5)).toBe('red')
  })

  it('encodes what is dear in bytes alone, without enlarging it', async () => {
    const image = { format: 'png', bytes: await noise(640, 480).png().toBuffer() } as const
    expect(image.bytes.length).toBeGreaterThan(512 * 1024)
    const made = await asStyleReference(image)
    expect(await sharp(made.bytes).metadata()).toMatchObject({ format: 'webp', width: 640, height: 480 })
    expect(made.bytes.length).toBeLessThan(image.bytes.length)
  })

  it('makes nothing larger than 2 MiB, even of noise', async () => {
    const image = { format: 'png', bytes: await noise(1600, 1600).png().toBuffer() } as const
    expect((await asStyleReference(image)).bytes.length).toBeLessThan(2 * 1024 * 1024)
  })
})

describe('finishPortrait', () => {
  it.each(imageFormats)('makes an upright 1024×1024 PNG of the centre of a %s', async (format) => {
    const bytes = await finishPortrait(await laden(format, 6))
    expect(await sharp(bytes).metadata()).toMatchObject({
      format: 'png',
      width: 1024,
      height: 1024,
      depth: 'uchar',
    })
    expect(await colourAt(bytes, 0.5, 0.3)).toBe('red')
    expect(await colourAt(bytes, 0.5, 0.7)).toBe('blue')
    expect(bytes.toString('latin1')).not.toContain('SECRET')
  })

  it('crops both sides alike', async () => {
    const wide = await sharp({ create: { width: 300, height: 100, channels: 3, background: '#1e1ee6' } })
      .composite([{ input: await plain(100, 100).png().toBuffer(), left: 100, top: 0 }])
      .png()
      .toBuffer()
    const bytes = await finishPortrait(wide)
    for (const x of [0.02, 0.5, 0.98]) expect(await colourAt(bytes, x, 0.5)).toBe('red')
  })

  it('says in an uncompressed iTXt chunk after the header that a model made it', async () => {
    const bytes = await finishPortrait(await laden('png'))
    const chunks = pngChunks(bytes)
    expect(chunks.every(({ intact }) => intact)).toBe(true)
    expect(chunks.map(({ type }) => type).filter((type) => /EXt$|TXt$|eXIf|iCCP/.test(type))).toEqual([
      'iTXt',
    ])
    const mark = chunks[1]
    expect(mark?.type).toBe('iTXt')
    expect(mark?.data.toString('latin1', 0, 22)).toBe('XML:com.adobe.xmp\0\0\0\0\0')
    const packet = mark?.data.toString('utf8', 22) ?? ''
    expect(packet).toContain(`<Iptc4xmpExt:DigitalSourceType>${AI_MADE}</Iptc4xmpExt:DigitalSourceType>`)
    // libvips finds the same packet.
    expect((await sharp(bytes).metadata()).xmpAsString).toBe(packet)
  })

  it('refuses a broken picture as the provider’s fault', async () => {
    const whole = await halves().png().toBuffer()
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.from('<h1>no</h1>'), Buffer.alloc(0)]) {
      await expect(finishPortrait(bytes)).rejects.toMatchObject({ code: 'BAD_GATEWAY' })
    }
  })
})
