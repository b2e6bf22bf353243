import type { Ledger } from '../crash/ledger.js'
import { type Answered, type Asked, ask, type Manner, NoAnswer } from '../support/ask.js'
import type { Faults } from './faults.js'
import type { Random } from './random.js'

/** What everything of a run shares. */
export interface Site {
  base: string
  ledger: Ledger
  faults: Faults
  /** Whether a change that failed is over, and a change of many records is one: not so in MongoDB. */
  isAtomic: boolean
  /** How many answers had each status. */
  statuses: Record<string, number>
  /** Personas of the project `big`, whose list takes 2 MB. */
  bigIds: string[]
  /** Id of a picture of 9.7 MB in the project `big`. */
  pictureId: string
  /** Checks to be made once the load is over. */
  later: (() => Promise<void>)[]
}

/** A caller: what it does follows from its own choices alone. */
export interface Caller {
  site: Site
  random: Random
  project: string
}

/** Longest wait of a caller that reads and writes as it should, in milliseconds. */
const MAX_ANSWER_MS = 40_000

/** How a caller sends a request: mostly as it should. */
export function mannerOf(random: Random): Manner {
  const manners = { plain: 12, dribbled: 2, reset: 3, halfClosed: 2 }
  const manner = random.weighted(manners)
  if (manner === 'dribbled') return { dribbleMs: 1 + random.below(100) }
  if (manner === 'reset') return { resetAfterMs: random.below(60) }
  return manner === 'halfClosed' ? { halfClose: true } : {}
}

/** Sends a request, and holds its answer to what goes for all. @throws NoAnswer */
export async function send(site: Site, asked: Asked, manner: Manner = {}): Promise<Answered> {
  try {
    const answered = await ask(site.base, asked, { timeoutMs: MAX_ANSWER_MS, ...manner })
    judge(site, { what: `${asked.method ?? ''} ${asked.path.slice(0, 100)}`, answered })
    return answered
  } catch (error) {
    const isLate = error instanceof NoAnswer && error.timedOut
    if (isLate)
      site.ledger.check(false, `${asked.path.slice(0, 100)} was not answered in ${MAX_ANSWER_MS} ms`)
    throw error
  }
}

function judge({ statuses, ledger }: Site, { what, answered }: { what: string; answered: Answered }): void {
  const { status, headers, body } = answered
  statuses[status] = (statuses[status] ?? 0) + 1
  const isInternal = status === 500 || body.includes('"httpStatus":500')
  ledger.check(!isInternal, `${what} answered 500: ${body.toString().slice(0, 200)}`)
  const isHeldOff = status === 503 || status === 429
  const mayReturn = !isHeldOff || headers['retry-after'] !== undefined || body.includes('provider_')
  ledger.check(mayReturn, `${what} answered ${status} without Retry-After: ${body.toString().slice(0, 200)}`)
}

/** Holds what came over a raw connection to the same. */
export function judgeRaw({ ledger }: Site, { what, text }: { what: string; text: string }): void {
  ledger.check(!text.includes('HTTP/1.1 500'), `${what} answered 500`)
}
