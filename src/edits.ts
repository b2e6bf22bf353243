/** Edits that turn one of two names into the other: insertions, deletions and replacements of a character. */
export function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [i, character] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, wanted] of [...other].entries()) {
      const [above = 0, left = 0, before = 0] = [row[j + 1], next[j], row[j]]
      next.push(Math.min(above + 1, left + 1, before + (character === wanted ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** The longest name that is compared, in UTF-16 units: the time it takes grows with the length. */
const MAX_COMPARED = 64

/** The name that another one is likely to be a slip of: at most a third of its characters differ, case aside. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_COMPARED) return undefined
  const lower = name.toLowerCase()
  const near = known
    .map((each) => ({ each, distance: edits(lower, each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= Math.ceil(Math.max(each.length, name.length) / 3))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.each
}
