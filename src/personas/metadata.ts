import { z } from 'zod'
import { excerpt } from '../excerpt.js'
import { faultOf, isLonger } from '../text.js'

type Metadata = Record<string, string>

const MAX_PAIRS = 32
const MAX_KEY = 64
const MAX_VALUE = 512

// z.record would drop a key named __proto__ without a word, so the map is checked as it came.
export const metadata = z
  .custom<Metadata>()
  .meta({ type: 'object', additionalProperties: { type: 'string' } })

function faultOfPair(key: string, value: unknown): string | undefined {
  const field = `metadata.${excerpt(key)}`
  if (key === '__proto__') return `${field} is not allowed as a key`
  if (key === '' || isLonger(key, MAX_KEY)) return `metadata keys must have 1 to ${MAX_KEY} characters`
  if (typeof value !== 'string') return `${field} must be a string`
  return faultOf(key, { field: 'metadata keys', max: MAX_KEY }) ?? faultOf(value, { field, max: MAX_VALUE })
}

/** Metadata as it is given: at most 32 pairs, keys of 1 to 64 code points, values of at most 512. */
export const givenMetadata = metadata
  .superRefine((value: unknown, ctx) => {
    const refuse = (message: string, path: string[] = []) => ctx.addIssue({ code: 'custom', path, message })
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return refuse('metadata must be an object of string values')
    }
    // The keys alone first: a map of any size may come.
    if (Object.keys(value).length > MAX_PAIRS) return refuse(`metadata must hold at most ${MAX_PAIRS} pairs`)
    for (const [key, text] of Object.entries(value)) {
      const fault = faultOfPair(key, text)
      if (fault !== undefined) refuse(fault, key === '' ? [] : [key])
    }
  })
  .meta({
    maxProperties: MAX_PAIRS,
    propertyNames: { minLength: 1, maxLength: MAX_KEY },
    additionalProperties: { type: 'string', maxLength: MAX_VALUE },
  })
