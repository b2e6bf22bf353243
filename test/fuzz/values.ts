import fc from 'fast-check'
import type { ApiDocument, Schema } from './document.js'

/** Texts that have broken programs before. */
const awkward = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u0085',
  '\ufeff',
  '\u202e',
  '../../scripts',
  '../../etc/passwd',
  '%',
  '%00',
  '%2e%2e',
  '__proto__',
  'constructor',
  'null',
  "'; DROP TABLE personas; --",
  '{"$gt":""}',
  '$where',
  '😀'.repeat(201),
  'e\u0301',
  'x'.repeat(2_001),
  '-1',
  '1e400',
  // What a search may take for its own syntax.
  '"a" OR NOT b*',
  'NEAR("a" b, 2)',
  '.*(a+)+$',
  '[[:alpha:]]\\E{1,}',
  '*?[^a]',
  '_%\\',
  'İıßẞςΣﷺ',
  '-updatedAt',
)

/** Any text. */
export const wildText = fc.oneof(
  { weight: 2, arbitrary: awkward },
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
)

/** Any JSON value, and a few that only JavaScript knows as odd. */
export const wildValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: wildText },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  fc.constantFrom(null, true, 0, -0, 1e308, -1, 2 ** 53, [], {}, ['a'], [[]], [null]),
  fc.dictionary(wildText, fc.oneof(wildText, fc.jsonValue())),
  fc.integer({ min: 1, max: 90 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))),
)

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
const fieldValue = fc.stringMatching(/^[\t\x20-\x7e]{0,40}$/)

/** A picture of one pixel. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Values that a schema of the document describes. */
export function valid(document: ApiDocument, schema: Schema): fc.Arbitrary<unknown> {
  const { type, anyOf, oneOf, enum: allowed, ...rest } = document.resolve(schema)
  if (Array.isArray(allowed)) return fc.constantFrom(...allowed)
  const variants = anyOf ?? oneOf
  if (Array.isArray(variants)) return fc.oneof(...variants.map((each: Schema) => valid(document, each)))
  if (Array.isArray(type)) return fc.oneof(...type.map((each) => valid(document, { ...rest, type: each })))
  switch (type) {
    case 'string':
      return validText(rest)
    case 'integer':
      return validWhole(rest)
    case 'number':
      return fc.double({ min: rest.minimum ?? -1_000, max: rest.maximum ?? 1_000, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valid(document, rest.items ?? {}), { maxLength: 5 })
    case 'object':
      return validObject(document, rest)
    default:
      return fc.constant(null)
  }
}

/** Small ones most of the time: they meet what is there. */
function validWhole({ minimum: min = -1_000, maximum: max = 1_000 }: Schema): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min, max: Math.min(max, min + 4) }), fc.integer({ min, max }))
}

function validText({
  pattern,
  minLength = 0,
  maxLength = 100,
  contentEncoding,
  format,
  example,
}: Schema): fc.Arbitrary<string> {
  if (contentEncoding === 'base64') return fc.constantFrom(PIXEL, `data:image/png;base64,${PIXEL}`)
  if (format === 'uuid') return fc.uuid({ version: 4 })
  const length = { minLength, maxLength: Math.min(maxLength, 80) }
  const any = fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: 'grapheme-ascii', ...length }) },
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', ...length }) },
    fc.constantFrom('x'.repeat(maxLength), '😀'.repeat(Math.min(maxLength, 2_000))),
  )
  if (typeof pattern !== 'string') return any
  const wanted = new RegExp(pattern, 'u')
  const matching = fc.stringMatching(wanted).filter((text) => [...text].length <= maxLength)
  if (typeof example === 'string') return fc.oneof(fc.constant(example), matching)
  // What fits but few texts is only found by it.
  return wanted.test('an ordinary text')
    ? fc.oneof(
        any.filter((text) => wanted.test(text)),
        matching,
      )
    : matching
}

function validObject(document: ApiDocument, { properties, required = [], additionalProperties }: Schema) {
  if (properties === undefined && additionalProperties?.type === 'string') {
    return fc.dictionary(token, fieldValue, { maxKeys: 6 })
  }
  const fields = Object.entries<Schema>(properties ?? {}).map(
    ([name, each]) => [name, valid(document, each)] as const,
  )
  return fc.record(Object.fromEntries(fields), { requiredKeys: required })
}

/** Objects that a schema describes but for one thing. */
export function nearlyValid(document: ApiDocument, schema: Schema): fc.Arbitrary<unknown> {
  const { properties = {} } = document.resolve(schema)
  const names = Object.keys(properties)
  const field =
    names.length === 0 ? wildText : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, wildText)
  return fc
    .tuple(valid(document, schema), field, wildValue, fc.boolean())
    .map(([value, name, odd, removed]) => {
      if (typeof value !== 'object' || value === null) return odd
      const changed = new Map<string, unknown>(Object.entries(value))
      if (removed) changed.delete(name)
      else changed.set(name, odd)
      return Object.fromEntries(changed)
    })
}
