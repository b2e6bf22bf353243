const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g

/** The strong entity tag of a version (RFC 9110 §8.8.3). */
export function entityTag(version: string): string {
  return `"${version}"`
}

/**
 * The versions that an `If-Match` allows; undefined for `*`, which any version fits. Weak tags never match
 * (RFC 9110 §13.1.1), so they are left out.
 */
export function versionsOf(ifMatch: string): string[] | undefined {
  if (ifMatch.trim() === '*') return undefined
  return [...ifMatch.matchAll(TAG)].flatMap(([, weak, version]) =>
    weak === undefined && version !== undefined ? [version] : [],
  )
}

/** Whether an `If-None-Match` names this tag or `*`; weak comparison (RFC 9110 §13.1.2). */
export function noneMatchHolds(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return [...ifNoneMatch.matchAll(TAG)].some(([, , version]) => `"${version}"` === tag)
}
