import { z } from 'zod'
import { faultOf, isLonger } from '../text.js'

type Metadata = Record<string, string>

const MAX_PAIRS = 32
const MAX_KEY = 64
const MAX_VALUE = 512

// z.record would drop a key named __proto__ without a word, so the map is checked as it came.
export const metadata = z
  .custom<Metadata>()
  .meta({ type: 'object', additionalProperties: { type: 'string' } })

function faultOfKey(key: string): string | undefined {
  if (key === '__proto__') return 'metadata.__proto__ is not allowed as a key'
  if (key === '' || isLonger(key, MAX_KEY)) return `metadata keys must have 1 to ${MAX_KEY} characters`
  return faultOf(key, { field: 'metadata keys', max: MAX_KEY })
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
      const path = key === '' ? [] : [key]
      const fault = faultOfKey(key)
      if (fault !== undefined) refuse(fault, path)
      else if (typeof text !== 'string')
        ctx.addIssue({ code: 'invalid_type', expected: 'string', input: text, path })
      else {
        const wrong = faultOf(text, { field: `metadata.${key}`, max: MAX_VALUE })
        if (wrong !== undefined) refuse(wrong, path)
      }
    }
  })
  .meta({
    maxProperties: MAX_PAIRS,
    propertyNames: { minLength: 1, maxLength: MAX_KEY },
    additionalProperties: { type: 'string', maxLength: MAX_VALUE },
  })
