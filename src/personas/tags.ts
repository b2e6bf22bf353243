import { z } from 'zod'
import { faultOf, NAME_PATTERN, normalized } from '../text.js'

const MAX_TAGS = 20
const MAX_LENGTH = 50
const CONTROL = /\p{Cc}/u

/** A text that is the same for texts that differ in case alone, in any script. */
export function withoutCase(text: string): string {
  // Some letters have two lower-case forms, some pairs of letters one upper-case form, and ẞ is SS only as ß.
  return text.toLowerCase().toUpperCase().toLowerCase().normalize('NFC')
}

/** What is wrong with a tag, trimmed and in NFC. */
function faultOfTag(tag: string, field: string): string | undefined {
  if (tag === '') return `${field} must not be empty`
  if (CONTROL.test(tag)) return `${field} must not contain control characters`
  return faultOf(tag, { field, max: MAX_LENGTH })
}

/** Tags to find personas by: at most 20, each trimmed, in NFC, of 1 to 50 code points without control characters. */
export const wantedTags = z
  .array(z.string().meta({ minLength: 1, maxLength: MAX_LENGTH, pattern: NAME_PATTERN }))
  // It is looked at before the elements: of a million wrong ones there is one issue.
  .max(MAX_TAGS, `tags must hold at most ${MAX_TAGS} tags`)
  .transform((tags) => tags.map((tag) => normalized(tag, MAX_LENGTH)))
  .superRefine((tags, ctx) => {
    for (const [at, tag] of tags.entries()) {
      const message = faultOfTag(tag, `tags.${at}`)
      if (message !== undefined) ctx.addIssue({ code: 'custom', path: [at], message })
    }
  })

/** The tags of a persona as they are given: as `wantedTags`, and no two alike but for case. */
export const givenTags = wantedTags
  .superRefine((tags, ctx) => {
    const seen = new Map<string, number>()
    for (const [at, tag] of tags.entries()) {
      const twin = seen.get(withoutCase(tag))
      const message = `tags.${at} is the same tag as tags.${twin}`
      if (twin !== undefined) ctx.addIssue({ code: 'custom', path: [at], message })
      else seen.set(withoutCase(tag), at)
    }
  })
  .meta({ uniqueItems: true })
