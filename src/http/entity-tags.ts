const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g
// A list of tags and nothing else (RFC 9110 §8.8.3, §5.6.1); W is upper-case.
const ONE = TAG.source
const LIST = new RegExp(`^[ \\t,]*${ONE}(?:[ \\t]*,[ \\t,]*${ONE})*[ \\t,]*$`)

function tagsOf(header: string): RegExpMatchArray[] {
  return LIST.test(header) ? [...header.matchAll(TAG)] : []
}

/** The strong entity tag of a version (RFC 9110 §8.8.3). */
export function entityTag(version: string): string {
  return `"${version}"`
}

/**
 * The versions that an `If-Match` allows; undefined for `*`, which any version fits. Weak tags never match
 * (RFC 9110 §13.1.1), so they are left out; a header that is no list of tags allows none.
 */
export function versionsOf(ifMatch: string): string[] | undefined {
  if (ifMatch.trim() === '*') return undefined
  return tagsOf(ifMatch).flatMap(([, weak, version]) =>
    weak === undefined && version !== undefined ? [version] : [],
  )
}

/** Whether an `If-None-Match` names this tag or `*`; weak comparison (RFC 9110 §13.1.2). */
export function noneMatchHolds(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return tagsOf(ifNoneMatch).some(([, , version]) => `"${version}"` === tag)
}
