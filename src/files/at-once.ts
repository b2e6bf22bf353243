/** Works that are begun at once: enough for one commit to serve many, and few enough for the time limit of each. */
const AT_ONCE = 20

/** What comes of some work for each of a list, in its order; some are under way at once. */
export async function someAtOnce<T, R>(list: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < list.length; at += AT_ONCE) {
    results.push(...(await Promise.all(list.slice(at, at + AT_ONCE).map(work))))
  }
  return results
}
