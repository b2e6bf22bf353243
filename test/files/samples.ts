import { crc32 } from 'node:zlib'
import { plain } from '../images/pictures.js'

/** A chunk of a PNG, whatever it holds. */
export function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, checksum])
}

/** A PNG of a size with chunks before its end, as SillyTavern writes them. */
export async function pngWith(chunks: Buffer[], { width = 40, height = 60 } = {}): Promise<Buffer> {
  const png = await plain(width, height).png().toBuffer()
  // IEND is empty and last.
  return Buffer.concat([png.subarray(0, -12), ...chunks, png.subarray(-12)])
}

/** What the chunks of text of a PNG say, as strict readers take them: every checksum must be right. */
export function textsIn(png: Buffer): { keyword: string; text: string }[] {
  const texts = []
  for (let at = 8; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at)
    const typed = png.subarray(at + 4, end)
    if (crc32(typed) !== png.readUInt32BE(end)) throw new Error(`A chunk at ${at} has a wrong checksum`)
    const [keyword = '', text = ''] = typed.toString('latin1', 4).split('\0')
    if (typed.toString('latin1', 0, 4) === 'tEXt') texts.push({ keyword, text })
    at = end + 4
  }
  return texts
}

/** A card as a chunk, its base64 in lines of 76 characters, as MIME writes them. */
export function cardChunk(keyword: string, card: unknown): Buffer {
  const base64 = Buffer.from(JSON.stringify(card)).toString('base64').replaceAll(/.{76}/g, '$&\r\n')
  return chunk('tEXt', Buffer.from(`${keyword}\0${base64}`, 'latin1'))
}

/** The example of the V2 specification's shape, as an author fills it in. */
export function foreignCard(
  data: object = {},
  version = 2,
): { spec: string; spec_version: string; data: object } {
  return {
    spec: `chara_card_v${version}`,
    spec_version: `${version}.0`,
    data: {
      name: 'Seraphina',
      description: '{{char}} guards a forest. {{Char}} does not trust {{user}}.',
      personality: 'caring',
      scenario: 'A glade',
      first_mes: '*You wake.*',
      mes_example: '<START>',
      creator_notes: 'Made for a contest',
      system_prompt: '',
      post_history_instructions: '',
      alternate_greetings: [],
      tags: ['Forest', 'forest', 'Fantasy'],
      creator: 'somebody',
      character_version: '1.0',
      extensions: {},
      ...data,
    },
  }
}

/** The JSON that SillyTavern keeps of a character: the fields of V1, its own, and those of V2 under `data`. */
export function tavernCard(data: object): { spec: string; spec_version: string; data: object } {
  const card = foreignCard(data)
  const { name, description, personality, scenario, first_mes, mes_example } = card.data as Record<
    string,
    unknown
  >
  const own = { creatorcomment: 'c', avatar: 'none', chat: 'a - 2026', talkativeness: '0.5', fav: false }
  return { name, description, personality, scenario, first_mes, mes_example, ...own, ...card } as typeof card
}
