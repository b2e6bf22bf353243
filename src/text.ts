import { z } from 'zod'

// NUL ends a text early in SQLite's C interface, and a lone surrogate has no UTF-8 form: either would come
// back changed, so neither is accepted.
const NUL = '\u0000'

/** Texts that are in every normal form, as most are. */
export const ASCII = /^[\0-\x7f]*$/

/** Control characters, as a class of regular expressions in any language; Unicode's Cc. */
const CONTROLS = '\\x00-\\x1f\\x7f-\\x9f'
const CONTROL = new RegExp(`[${CONTROLS}]`)

/** Whether a text holds control characters. */
export function hasControls(text: string): boolean {
  return CONTROL.test(text)
}

/** What the document says of a text without control characters that is neither `.` nor `..`. */
export const SEGMENT_PATTERN = `^([^.${CONTROLS}]|\\.[^.${CONTROLS}]|\\.\\.[^${CONTROLS}])[^${CONTROLS}]*$`
/** What it says of a text that has something but white space, and control characters in none but that around it. */
export const NAME_PATTERN = `^\\s*[^\\s${CONTROLS}]([^${CONTROLS}]*[^\\s${CONTROLS}])?\\s*$`
/** And of any other. */
const TEXT_PATTERN = '^[^\\x00]*$'

/** Number of Unicode code points, the unit of every length limit of the API. */
function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Whether a text has more than `max` code points. They are counted only where its UTF-16 units leave it open. */
export function isLonger(text: string, max: number): boolean {
  // A code point is one unit or two.
  return text.length > 2 * max || (text.length > max && codePoints(text) > max)
}

/** What is said of a number that is not whole, or beyond its limits. */
export function wholeNumber(min: number, max: number): string {
  return `must be a whole number from ${min} to ${max}`
}

interface TextLimits {
  /** The field's name as messages show it. */
  field: string
  /** Longest allowed text, in code points. */
  max: number
}

/** Names the first thing wrong with a text, or undefined when it can be stored as it is. */
export function faultOf(text: string, { field, max }: TextLimits): string | undefined {
  if (isLonger(text, max)) return `${field} must be at most ${max.toLocaleString('en-US')} characters`
  if (text.includes(NUL)) return `${field} must not contain NUL characters`
  if (!text.isWellFormed()) return `${field} must not contain lone surrogates`
  return undefined
}

/** A check that refuses a text for the fault that it has, if any. */
export function refused(
  fault: (text: string) => string | undefined,
): (text: z.core.ParsePayload<string>) => void {
  return ({ value, issues }) => {
    const message = fault(value)
    if (message !== undefined) issues.push({ code: 'custom', message, input: value, continue: true })
  }
}

/** A free text that is stored as given, up to `max` code points. */
export function text(limits: TextLimits) {
  return z
    .string()
    .check(refused((value) => faultOf(value, limits)))
    .meta({ maxLength: limits.max, pattern: TEXT_PATTERN })
}

/** Most code points of a name. */
export const MAX_NAME = 200
const NO_NAME = 'Name is required'
// No character decomposes into more than 4 code points, of two UTF-16 units each (Unicode's UAX #15).
const MAX_DECOMPOSED = 8

function faultOfName(name: string): string | undefined {
  const fault = faultOf(name, { field: 'name', max: MAX_NAME })
  return fault ?? (hasControls(name) ? 'name must not contain control characters' : undefined)
}

/**
 * A text without white space around it and in NFC, unless it has more than `max` code points whatever it is in
 * NFC, which takes the square of its length.
 */
export function normalized(text: string, max: number): string {
  const trimmed = text.trim()
  if (ASCII.test(trimmed) || trimmed.length > MAX_DECOMPOSED * max) return trimmed
  return trimmed.normalize('NFC')
}

/**
 * A name: trimmed, in Unicode NFC (so that two spellings of one text are one name), 1 to 200 code points, none of them
 * a control character.
 * A missing, null or empty one is `Name is required`.
 */
export const name = z
  .string({
    error: (issue) => (issue.input === undefined || issue.input === null ? NO_NAME : undefined),
  })
  .overwrite((value) => normalized(value, MAX_NAME))
  .check(refused((value) => (value === '' ? NO_NAME : faultOfName(value))))
  .meta({ description: 'Trimmed, in Unicode NFC', minLength: 1, maxLength: MAX_NAME, pattern: NAME_PATTERN })
