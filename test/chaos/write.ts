import type { Cell } from '../crash/ledger.js'
import { type Asked, NoAnswer } from '../support/ask.js'
import { type Input, type Interface, outcomesOf, REFUSED, requestOf, UNKNOWN } from './requests.js'
import { type Caller, mannerOf, send } from './site.js'

/** One change of one cell. */
export interface Write<T> {
  cell: Cell<T>
  procedure: string
  input: Input
  kind: string
  isDone: (state: T) => boolean
  /** Takes over the state that an acknowledgement leaves. */
  accept: (value: any) => void
}

export function askedFor(writes: Write<any>[], through: Interface): Asked {
  // There is one at least.
  const [{ procedure }] = writes as [Write<any>]
  return requestOf(
    procedure,
    writes.map(({ input }) => input),
    through,
  )
}

const lost = new WeakSet<Cell<any>>()

/** Whether a write to it was given up, which may still be carried out: nothing more is written to it. */
export function isLost(cell: Cell<any>): boolean {
  return lost.has(cell)
}

/** Sends writes, all in one request, and keeps account of them. */
export async function write(
  { site, random }: Caller,
  writes: Write<any>[],
  through: Interface,
): Promise<void> {
  const { ledger } = site
  const request = askedFor(writes, through)
  const before = writes.map(({ cell }) => cell.doubt)
  for (const [at, { cell, kind, isDone }] of writes.entries()) {
    const earlier = before[at]
    cell.doubt = { kind, isDone: (state) => isDone(state) || earlier?.isDone(state) === true }
  }
  const answered = await send(site, request, mannerOf(random)).catch((error) => {
    if (error instanceof NoAnswer) return undefined
    throw error
  })
  if (answered === undefined) {
    for (const { cell } of writes) lost.add(cell)
    return
  }
  for (const [at, outcome] of outcomesOf(answered, { through, count: writes.length }).entries()) {
    const one = writes[at]
    if (one === undefined) continue
    const { cell, kind, isDone, accept } = one
    if (outcome.status === undefined) {
      accept(outcome.value)
      cell.doubt = undefined
      ledger.acknowledge(kind)
      ledger.check(isDone(cell.state), `${kind}: answered with other content`)
    } else if (REFUSED.includes(outcome.status)) cell.doubt = before[at]
    else if (!UNKNOWN.includes(outcome.status))
      ledger.check(false, `${kind} answered ${outcome.status}: ${answered.body.toString().slice(0, 200)}`)
    // A database that was lost may still carry out what it was sent.
    else if (!site.isAtomic) lost.add(cell)
  }
}
