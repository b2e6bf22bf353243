import { randomInt } from 'node:crypto'
import { type Answer, InDoubt } from './client.js'
import type { Cell, Doubt, Ledger } from './ledger.js'

/** Things that one writer keeps at a time. */
export const KEPT = 8

/** A writer and what it writes to. */
export interface Site {
  base: string
  ledger: Ledger
  project: string
}

interface Write<T> {
  doubt: Doubt<T>
  /** The status of success. */
  status: number
  send: () => Promise<Answer>
}

/** Sends one write of a cell; until it is answered the cell is in doubt. */
export async function write<T>(ledger: Ledger, cell: Cell<T>, { doubt, status, send }: Write<T>) {
  cell.doubt = doubt
  const answer = await send()
  cell.doubt = undefined
  if (answer.status !== status) {
    throw new Error(`${doubt.kind} answered ${answer.status} ${JSON.stringify(answer.value)?.slice(0, 200)}`)
  }
  ledger.acknowledge(doubt.kind)
  return answer
}

export function oneOf<T>(items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[randomInt(items.length)]
}

/** Runs a writer until the service goes away; anything else that it meets is a violation. */
export async function untilGone(ledger: Ledger, step: () => Promise<void>): Promise<void> {
  try {
    for (;;) await step()
  } catch (error) {
    if (!(error instanceof InDoubt))
      ledger.check(false, error instanceof Error ? error.message : String(error))
  }
}
