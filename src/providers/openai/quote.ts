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
  return sent.texts.some((text) => repeats(quote, text)) ? '' : quote
}

function repeats(quote: string, text: string): boolean {
  const flat = text.replaceAll(/\s+/g, ' ')
  for (let at = 0; at + REPEATED <= quote.length; at += 1) {
    if (flat.includes(quote.slice(at, at + REPEATED))) return true
  }
  return false
}
