import fc from 'fast-check'
import type { ListPersonasInput, Persona } from '../../src/personas/schema.js'

/** What a list is asked for, beside its pages. */
export type Asked = Pick<ListPersonasInput, 'tags' | 'q' | 'name' | 'sort'>

function plainCase(text: string): string {
  // Letter by letter: none stands at the end of a word.
  return [...text].map((each) => each.toLowerCase().toUpperCase().toLowerCase()).join('')
}

const known = new Map<string, string>()

function plain(text: string): string {
  const before = known.get(text)
  if (before !== undefined) return before
  const made = plainCase(text.normalize('NFKD').replaceAll(/\p{M}/gu, ''))
  known.set(text, made)
  return made
}

function sameTag(a: string, b: string): boolean {
  return plainCase(a).normalize('NFC') === plainCase(b).normalize('NFC')
}

function compare(a: string, b: string): number {
  const [x, y] = [[...a], [...b]]
  for (const [at, each] of x.entries()) {
    const other = y[at]
    if (other === undefined) return 1
    if (each !== other) return (each.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0)
  }
  return x.length - y.length
}

/** What a list must have, the simplest way: `personas` are all of a project in order of creation. */
export function expectedOf(
  personas: readonly Persona[],
  { tags = [], q = '', name, sort }: Asked,
): Persona[] {
  // A word of marks alone is found nowhere: texts have none.
  const words = q
    .split(/\s/)
    .filter(Boolean)
    .map((word) => plain(word) || word)
  const found = personas.filter((persona) => {
    const texts = [persona.name, persona.description ?? '', ...(persona.tags ?? [])].map(plain)
    return (
      words.every((word) => texts.some((text) => text.includes(word))) &&
      tags.every((tag) => persona.tags?.some((each) => sameTag(each, tag)) ?? false) &&
      (name === undefined || persona.name === name)
    )
  })
  const field = sort?.replace('-', '')
  if (field === 'name') found.sort((a, b) => compare(a.name, b.name))
  if (field === 'updatedAt') found.sort((a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt))
  return sort?.startsWith('-') ? found.reverse() : found
}

// Scripts with and without case, accents, letters that fold to several, emoji, and what is syntax somewhere.
const pieces = [
  ...[
    'a',
    'ä',
    'Ä',
    'A\u0308',
    'é',
    'ß',
    'ẞ',
    'SS',
    'ss',
    'i',
    'I',
    'İ',
    'ı',
    'σ',
    'ς',
    'Σ',
    'ΟΔΟΣ',
    'οδός',
    'Å',
    'ﬁ',
    'ǆ',
    'ŉ',
  ],
  ...[
    '东京',
    '東京都',
    '東',
    '京',
    'カ',
    'ガ',
    'ｶﾞ',
    '한',
    '하',
    '한국어',
    'नमस्ते',
    'क',
    'مرحبا',
    'مَ',
    'ﷺ',
    'Ա',
    'ա',
    'Ꭰ',
    'ꭰ',
    '𐐀',
    '𐐨',
    '𝐀',
  ],
  ...[
    '😀',
    '👩‍🚀',
    '❤️',
    '❤',
    '\u{f0000}',
    '%',
    '_',
    '\\',
    "'",
    '"',
    '`',
    '.',
    '*',
    '^',
    '$',
    '(',
    ')',
    '[a]',
    '{1}',
    '|',
    '+',
    '?',
    '/',
    '\\d',
    '#',
  ],
  ...[
    'AND',
    'OR',
    'NOT',
    'NEAR(',
    'text:',
    '--',
    'a*',
    '~',
    '&',
    '<',
    '¨',
    '½',
    'Ⅷ',
    'angry',
    'Angry',
    'billing',
    'bill',
    'ing',
  ],
]
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }))
const gap = fc.constantFrom('', '', ' ', '  ', '\t', '\n', '\u00a0', '\u3000')
const text = (maxLength: number) =>
  fc.array(fc.tuple(piece, gap), { maxLength }).map((parts) => parts.flat().join('').replaceAll('\u0000', ''))
const name = text(4).map((each) => each.trim().normalize('NFC') || 'x')
const tag = fc.oneof(
  {
    arbitrary: fc.constantFrom('billing', 'Billing', 'ÄRGER', 'ärger', 'Straße', 'STRASSE', '東京', 'x'),
    weight: 3,
  },
  { arbitrary: name, weight: 1 },
)
const tags = fc.uniqueArray(tag, { maxLength: 3, comparator: sameTag }).filter((list) => list.length > 0)

/** Personas to create; `after` is in ms behind the one before, and `change` what is changed later, where anything is. */
export const drafts = fc.array(
  fc.record(
    {
      name,
      description: text(6),
      tags,
      after: fc.constantFrom(0, 0, 5),
      change: fc.option(fc.constantFrom('delete', 'rename', 'retag', 'touch'), { nil: undefined, freq: 3 }),
    },
    { requiredKeys: ['name', 'after'] },
  ),
  { minLength: 1, maxLength: 12 },
)

const sorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'] as const

/** What is asked for, with the size of its pages. */
export const questions = fc.array(
  fc.record(
    {
      limit: fc.integer({ min: 1, max: 5 }),
      tags: tags.map((list) => list.slice(0, 2)),
      q: text(2).filter((q) => [...q].length <= 200),
      name,
      sort: fc.constantFrom(...sorts),
    },
    { requiredKeys: ['limit'] },
  ),
  { minLength: 8, maxLength: 16 },
)
