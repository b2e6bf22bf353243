import { beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../src/errors/catalogue.js'
import { literalsOfSource, type Placed, sourceFiles } from './source.js'

/** Stands for a value in a text; a value is a string or a number, which `toLocaleString` formats. */
const VALUE = '\u0001'
const anyValues = new Proxy({}, { get: () => VALUE })

/** Pieces of a text that are sentences: two words may be anybody's. */
function sentences(pieces: string[]): string[] {
  return pieces.map((piece) => piece.trim()).filter((piece) => piece.split(/\s+/).length > 3)
}

function piecesOf(text: unknown): string[] {
  return typeof text === 'function' ? text(anyValues).split(VALUE) : [String(text)]
}

/** What a piece says of the error, apart from an advice that many errors may give. */
function partsOf(piece: string): string[] {
  const parts = piece.split(/;(?: |$)/).map((part) => part.trim())
  return parts.filter((part) => !part.startsWith('try again'))
}

/** How errors are worded: those of validation and for the operator stand outside the catalogue. */
const IS_ERROR = /\b(must|may|needed?|required|cannot|not|no|too|already|refuses|unknown|malformed)\b/

describe('the text of an error stands in src once', () => {
  let literals: Placed[]
  beforeAll(() => {
    literals = literalsOfSource()
  })

  it('of the catalogue: no other literal says it, nor holds it elsewhere', () => {
    const said = new Set<string>()
    for (const [name, { text }] of Object.entries(catalogue)) {
      for (const part of sentences(piecesOf(text).flatMap(partsOf))) {
        const places = literals.filter((each) =>
          each.file.startsWith('src/errors/') ? partsOf(each.text).includes(part) : each.text.includes(part),
        )
        expect([name, part, places.map(({ file }) => file)]).toEqual([
          name,
          part,
          [expect.stringMatching(/^src\/errors\//)],
        ])
        said.add(part)
      }
    }
    // As many as there are of more than three words: the look above is at nearly all.
    expect(said.size).toBeGreaterThan(Object.keys(catalogue).length * 0.8)
  })

  it('or of validation, or for the operator', () => {
    const seen = new Map<string, string>()
    const twice: string[] = []
    for (const { text, file } of literals) {
      const [sentence] = sentences([text])
      if (sentence === undefined || !IS_ERROR.test(sentence)) continue
      const before = seen.get(sentence)
      if (before !== undefined) twice.push(`${sentence}: ${before} and ${file}`)
      seen.set(sentence, file)
    }
    expect(twice).toEqual([])
  })

  it('and no reason is looked up by it', () => {
    const lookups = sourceFiles().filter(({ text }) => /message\.startsWith|startsWith\(message/.test(text))
    // A driver's errors have no codes for some of what they say.
    expect(lookups.map(({ file }) => file)).toEqual(['src/store/sqlite/faults.ts'])
  })
})
