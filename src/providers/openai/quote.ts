const MAX_QUOTE = 300
/** So many characters of a text, white space aside, count as a repetition of it. */
const REPEATED = 32

/**
 * The provider's own words, fit to be shown: one line, at most 300 characters, keys blacked out. Words that
 * repeat a piece of what was sent are not shown at all ('').
 */
export function quotable(message: string, sent: { apiKey: string; texts: readonly string[] }): string {
  const line = message
    .replaceAll(sent.apiKey, '…')
    .replaceAll(/\b(?:sk|sess|org|proj)[-_][\w*-]{4,}/g, '…')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .toWellFormed()
  const quote = [...line].length > MAX_QUOTE ? `${[...line].slice(0, MAX_QUOTE - 1).join('')}…` : line
  const repeats = repetitionOf(quote)
  return sent.texts.some(repeats) ? '' : quote
}

const BASE = 31
const BITS = 16
/** Spreads a hash over its upper bits (Knuth): pieces that differ in their last characters alone differ there too. */
const SPREAD = 0x9e3779b1

/**
 * Whether a text repeats a piece of the quote. In one pass, whatever the text (Rabin and Karp): a conversation may have a
 * million characters, and looking for each piece in turn would keep the process busy for half a second.
 */
function repetitionOf(quote: string): (text: string) => boolean {
  const pieces = new Set<string>()
  const hashes = new Uint8Array(2 ** BITS)
  eachPiece(quote, (hash, piece) => {
    pieces.add(piece())
    hashes[hash] = 1
    return false
  })
  return (text) => eachPiece(text, (hash, piece) => hashes[hash] === 1 && pieces.has(piece()))
}

/** Whether something holds of a piece of a text without its white space; it gets the piece, and its hash of 16 bits. */
function eachPiece(text: string, holds: (hash: number, piece: () => string) => boolean): boolean {
  let leaving = 1
  for (let at = 0; at < REPEATED; at += 1) leaving = Math.imul(leaving, BASE)
  const codes = new Uint16Array(REPEATED)
  let count = 0
  let hash = 0
  const piece = () => {
    const oldest = count % REPEATED
    return String.fromCharCode(...codes.subarray(oldest), ...codes.subarray(0, oldest))
  }
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    // Control characters and spaces: what else is white space is rare.
    if (code <= 0x20) continue
    const place = count % REPEATED
    hash = (Math.imul(hash, BASE) + code - Math.imul(leaving, codes[place] ?? 0)) | 0
    codes[place] = code
    count += 1
    if (count >= REPEATED && holds(Math.imul(hash, SPREAD) >>> (32 - BITS), piece)) return true
  }
  return false
}
