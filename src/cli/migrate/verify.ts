import { createHash } from 'node:crypto'
import type { RecordSequence, StoreRecords, Transfer } from '../../store/transfer.js'
import { type Copying, forEachKind } from './copy.js'
import { type Kind, lineOf } from './records.js'

/** What a store holds of a kind: how many records, and the SHA-256 over all of them in order. */
export interface Summary {
  count: number
  sha256: string
}

interface Reading {
  signal: AbortSignal
  onRecord: () => void
}

async function summarize<K extends Kind>(
  kind: K,
  records: RecordSequence<StoreRecords[K]>,
  { signal, onRecord }: Reading,
): Promise<Summary> {
  const hash = createHash('sha256')
  let count = 0
  for await (const record of records.read()) {
    signal.throwIfAborted()
    hash.update(lineOf[kind](record)).update('\n')
    count += 1
    onRecord()
  }
  return { count, sha256: hash.digest('hex') }
}

/**
 * Reads both stores from beginning to end, and gives what both hold.
 *
 * @throws Error naming the kind of which they hold different records.
 */
export function verify(copying: Copying): Promise<Record<Kind, Summary>> {
  return forEachKind((kind) => verifyKind(kind, copying))
}

async function verifyKind<K extends Kind>(kind: K, copying: Copying): Promise<Summary> {
  const { source, target, progress, signal } = copying
  const step = progress.begin(`Verifying ${kind}`, await source[kind].estimate())
  const read = (store: Transfer, onRecord: () => void) => summarize(kind, store[kind], { signal, onRecord })
  const [wanted, found] = await Promise.all([
    read(source, () => step.advance(1)),
    read(target, () => undefined),
  ])
  step.end()
  if (wanted.count !== found.count || wanted.sha256 !== found.sha256) {
    const show = ({ count, sha256 }: Summary) => `${count} with SHA-256 ${sha256.slice(0, 12)}…`
    throw new Error(
      `Not verified: ${kind} differ, ${show(wanted)} in the source and ${show(found)} in the target; was one of the stores in use?`,
    )
  }
  return wanted
}
