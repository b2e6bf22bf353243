const MAX_QUOTE = 300
/** A piece of a text at least this long counts as a repetition of it. */
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
  return sent.texts.some((text) => repeats(text.replaceAll(/\s+/g, ' '))) ? '' : quote
}

const BASE = 31
const BITS = 16

/**
 * Whether a text repeats a piece of the quote. In one pass, whatever the text (Rabin and Karp): a conversation may have a
 * million characters, and looking for each piece in turn would keep the process busy for half a second.
 */
function repetitionOf(quote: string): (text: string) => boolean {
  const pieces = new Set<string>()
  const hashes = new Uint8Array(2 ** BITS)
  eachPiece(quote, (hash, at) => {
    pieces.add(quote.slice(at, at + REPEATED))
    hashes[hash] = 1
    return false
  })
  return (text) =>
    eachPiece(text, (hash, at) => hashes[hash] === 1 && pieces.has(text.slice(at, at + REPEATED)))
}

/** Whether something holds of a piece of a text; it gets the piece's hash of 16 bits, and where the piece begins. */
function eachPiece(text: string, holds: (hash: number, at: number) => boolean): boolean {
  let leaving = 1
  for (let at = 0; at < REPEATED; at += 1) leaving = Math.imul(leaving, BASE)
  let hash = 0
  for (let at = 0; at < text.length; at += 1) {
    hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) | 0
    const begin = at + 1 - REPEATED
    if (begin > 0) hash = (hash - Math.imul(leaving, text.charCodeAt(begin - 1))) | 0
    if (begin >= 0 && holds(hash >>> (32 - BITS), begin)) return true
  }
  return false
}
