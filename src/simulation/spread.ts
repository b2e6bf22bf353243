/** Something that users differ in, and how. */
export interface Axis {
  name: string
  values: string[]
}

/** A value of each axis, in their order. */
export type Combination = string[]

/** Combinations that are looked at one by one; of more, as many are drawn. */
const MAX_LISTED = 4_096

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** All combinations, as the places of their values. */
function listed(axes: readonly Axis[]): number[][] {
  return axes.reduce<number[][]>(
    (all, { values }) => all.flatMap((places) => values.map((_, at) => [...places, at])),
    [[]],
  )
}

/**
 * So many combinations of values, spread evenly: each time one is taken whose values were taken least, by chance
 * where several are. Every value appears once there are as many combinations as values of its axis (of a value that
 * was not taken every combination is free), and none appears twice while there are others. The same seed gives the same.
 */
export function spread(
  axes: readonly Axis[],
  { count, seed }: { count: number; seed: number },
): Combination[] {
  const random = randomFrom(seed)
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)]
    if (item === undefined) throw new Error('Nothing to pick from')
    return item
  }
  const taken = axes.map(({ values }) => values.map(() => 0))
  const timesOf = (places: readonly number[]) => places.map((place, axis) => taken[axis]?.[place] ?? 0)
  const sum = (times: readonly number[]) => times.reduce((total, each) => total + each, 0)
  const total = axes.reduce((product, { values }) => product * values.length, 1)
  const all = total <= MAX_LISTED ? listed(axes) : undefined

  /** One whose values were all taken least, and others by chance in case that it was taken. */
  function drawn(): number[][] {
    const least = taken.map((times) => times.flatMap((each, at) => (each === Math.min(...times) ? [at] : [])))
    const any = taken.map((times) => times.map((_, at) => at))
    return [least, ...Array.from({ length: 2 * count }, () => any)].map((choices) => choices.map(pick))
  }

  const used = new Set<string>()
  return Array.from({ length: count }, () => {
    if (used.size === total) used.clear()
    const free = (all ?? drawn()).filter((places) => !used.has(places.join()))
    const fewest = Math.min(...free.map((places) => sum(timesOf(places))))
    const places = pick(free.filter((each) => sum(timesOf(each)) === fewest))
    used.add(places.join())
    for (const [axis, place] of places.entries()) {
      const times = taken[axis]
      if (times !== undefined) times[place] = (times[place] ?? 0) + 1
    }
    return axes.map(({ values }, axis) => values[places[axis] ?? 0] ?? '')
  })
}

/** Characters of scripts that put no spaces between words; each counts as a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*/gu

/** The runs of three words in a text, without case and punctuation; of a shorter text, all of it. */
function trigrams(text: string): Set<string> {
  const spaced = text.normalize('NFC').toLowerCase().replaceAll(UNSPACED, ' $& ')
  const words = spaced.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  if (words.length < 3) return new Set([words.join(' ')])
  return new Set(words.slice(2).map((word, at) => `${words[at]} ${words[at + 1]} ${word}`))
}

/** Texts that share at least this part of the word trigrams of the shorter one are nearly the same. */
const NEAR = 0.5

/** Whether two texts are nearly the same. */
export function areNear(one: string, other: string): boolean {
  const [fewer, more] = [trigrams(one), trigrams(other)].sort((a, b) => a.size - b.size)
  if (fewer === undefined || more === undefined) return false
  const shared = [...fewer].filter((trigram) => more.has(trigram)).length
  return shared / fewer.size >= NEAR
}
