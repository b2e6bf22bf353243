interface BatchOptions<T> {
  /** The most items of a batch, and the most that their sizes come to; one item may be larger. */
  items: number
  total: number
  size: (item: T) => number
}

/** Items in their order, several at a time. */
export async function* batches<T>(
  items: AsyncIterable<T> | Iterable<T>,
  { items: most, total: mostTotal, size }: BatchOptions<T>,
): AsyncGenerator<T[]> {
  let batch: T[] = []
  let total = 0
  for await (const item of items) {
    const more = size(item)
    if (batch.length > 0 && (batch.length === most || total + more > mostTotal)) {
      yield batch
      batch = []
      total = 0
    }
    batch.push(item)
    total += more
  }
  if (batch.length > 0) yield batch
}
