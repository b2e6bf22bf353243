import { MAX_ISSUES, validationError } from '../errors/public.js'
import type { Unknown } from '../unknown.js'

/**
 * Refuses an input for what is not known of it, for callers who ask for that (`Prefer: handling=strict`, RFC 7240 §4.4).
 * @throws TRPCError BAD_REQUEST with an issue for each, 20 at most, unless there are none.
 */
export function refuseUnknown(unknown: Iterable<Unknown>): void {
  const issues: Unknown[] = []
  for (const each of unknown) {
    issues.push(each)
    if (issues.length === MAX_ISSUES) break
  }
  if (issues.length > 0) throw validationError(issues)
}
