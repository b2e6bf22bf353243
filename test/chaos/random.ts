/** Chooses by a seed: the same seed makes the same choices (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** At least 0, less than `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }

  /** @throws RangeError where there is nothing to choose from. */
  of<T>(items: readonly T[]): T {
    const index = this.below(items.length)
    if (index >= items.length) throw new RangeError('Nothing to choose from')
    // The index is within the list.
    return items[index] as T
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Record<Name, number>): Name {
    // The keys of a record are its names.
    const names = Object.keys(weights) as Name[]
    return this.of(names.flatMap((name) => Array<Name>(weights[name]).fill(name)))
  }

  /** A generator of its own, that choices made here do not change. */
  fork(): Random {
    return new Random(this.below(2 ** 31))
  }
}
