import type { Transfer } from '../../store/transfer.js'
import { batches } from '../batches.js'
import type { Progress } from './progress.js'
import { type Kind, kinds, lineOf, nameOf, sizeOf } from './records.js'

/** Most records that are written at once, and most bytes (a single record may have more). */
const BATCH = { items: 200, total: 4 * 1024 * 1024 }

/** A copy of one store into another. */
export interface Copying {
  source: Transfer
  target: Transfer
  progress: Progress
  /** Stops it between two records. */
  signal: AbortSignal
}

/** How many records of each kind a store holds. */
export type Counts = Record<Kind, number>

/** Asks each kind in turn. */
export async function forEachKind<T>(ask: (kind: Kind) => Promise<T>): Promise<Record<Kind, T>> {
  const answers: [Kind, T][] = []
  for (const kind of kinds) answers.push([kind, await ask(kind)])
  // One for each kind.
  return Object.fromEntries(answers) as Record<Kind, T>
}

/**
 * How many records the target has of the source's already, from an earlier run: as records are copied in
 * order, these are the first. Nothing is written.
 *
 * @throws Error naming a record of the target that the source does not have in that place.
 */
export function countCopied(copying: Copying): Promise<Counts> {
  return forEachKind((kind) => countCopiedOf(kind, copying))
}

async function countCopiedOf<K extends Kind>(kind: K, copying: Copying): Promise<number> {
  const { source, target, progress, signal } = copying
  const step = progress.begin(`Comparing ${kind} already there`, await target[kind].estimate())
  const wanted = source[kind].read()[Symbol.asyncIterator]()
  let copied = 0
  try {
    for await (const record of target[kind].read()) {
      signal.throwIfAborted()
      const next = await wanted.next()
      if (next.done || lineOf[kind](next.value) !== lineOf[kind](record)) {
        throw new Error(
          `The target holds data of its own (${nameOf[kind](record)}); give an empty store, or one that an interrupted migration of this source has filled`,
        )
      }
      copied += 1
      step.advance(1)
    }
  } finally {
    await wanted.return?.()
  }
  step.end()
  return copied
}

/** Copies what follows the first `copied` records of each kind; gives how many there are in all. */
export function copyRest(copying: Copying, copied: Counts): Promise<Counts> {
  return forEachKind((kind) => copyRestOf(kind, copying, copied[kind]))
}

async function copyRestOf<K extends Kind>(kind: K, copying: Copying, copied: number): Promise<number> {
  const { source, target, progress, signal } = copying
  const step = progress.begin(`Copying ${kind}`, await source[kind].estimate())
  let count = copied
  step.advance(copied)
  for await (const batch of batches(skip(source[kind].read(), copied), { ...BATCH, size: sizeOf[kind] })) {
    signal.throwIfAborted()
    await target[kind].append(batch)
    count += batch.length
    step.advance(batch.length)
  }
  step.end()
  return count
}

async function* skip<T>(records: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let skipped = 0
  for await (const record of records) {
    if (skipped === count) yield record
    else skipped += 1
  }
}
