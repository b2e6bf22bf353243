import { isPersonasConnectionError, isPersonasError } from './errors.js'
import { CONNECTION_FAULTS } from './requests.js'

/** A call as it is sent. */
export interface Call {
  type: 'query' | 'mutation'
  /** Its procedure: `personas.create`. */
  path: string
  input: unknown
}

/** Tries of one call, at most, the first included. */
const MAX_TRIES = 5
/** No other try is begun later than this after the first, in milliseconds. */
const MAX_TOTAL_MS = 30_000
/** The wait before the second try where no answer says how long, in milliseconds; it doubles with each try. */
const FIRST_WAIT_MS = 250

/** Statuses with which a proxy says that the service is not available now. */
const PASSING_STATUSES = new Set([429, 502, 503, 504])

/**
 * Mutations that lead to the same state and the same answer when they are done twice, besides the queries, which
 * change nothing:
 * - `personas.mergeHeaders` only reads;
 * - `personas.update` and `projects.updateConfig` set the fields given (idempotent as PUT is, RFC 9110 §9.2.2). With `ifMatch` a change is not among them: done twice, it fails with
 *   PRECONDITION_FAILED although it was done.
 *
 * Not among them either: `create` fails with CONFLICT the second time (a project or an image would be there twice),
 * and `delete` with NOT_FOUND; `revert` may, as it can drop the oldest version, the very one that it reverts to.
 */
const IDEMPOTENT = new Set(['personas.mergeHeaders', 'personas.update', 'projects.updateConfig'])

/** Calls that may be paid for, whatever their answer says: never repeated. */
const PAID = new Set(['personas.generateImage', 'personas.simulate', 'personas.generate'])

function isIdempotent({ type, path, input }: Call): boolean {
  if (type === 'query') return true
  const { ifMatch } = (input ?? {}) as { ifMatch?: unknown }
  return IDEMPOTENT.has(path) && ifMatch === undefined
}

/** Whether the service has not begun the call: it takes no more at the moment, or no connection came about. */
function wasNotBegun(error: unknown): boolean {
  if (isPersonasConnectionError(error)) return error.code === 'ECONNREFUSED'
  return isPersonasError(error) && (error.code === 'TOO_MANY_REQUESTS' || error.reason === 'overloaded')
}

function mayPass(error: unknown): boolean {
  if (isPersonasError(error)) return error.retryAfter !== undefined
  if (!isPersonasConnectionError(error)) return false
  const { code, httpStatus } = error
  if (httpStatus !== undefined) return PASSING_STATUSES.has(httpStatus)
  // Browsers give no code. A host that does not exist stays so.
  return code === undefined || (code in CONNECTION_FAULTS && code !== 'ENOTFOUND')
}

interface Tries {
  /** How many there were. */
  made: number
  /** Milliseconds since the first was begun. */
  elapsed: number
  /** What this client multiplies its waits with, at least 1: clients that failed together come back one by one. */
  spread: number
}

/**
 * Milliseconds to wait before a call is tried again, or undefined where it must not be, or not any more. It is
 * tried again where the failure may pass, and a second time does no harm: the call is idempotent, or was not
 * begun. At most 5 tries, within 30 seconds; an answer that asks for a longer wait is the last.
 */
export function waitBeforeRetry(
  call: Call,
  error: unknown,
  { made, elapsed, spread }: Tries,
): number | undefined {
  if (made >= MAX_TRIES || PAID.has(call.path) || !mayPass(error)) return undefined
  if (!isIdempotent(call) && !wasNotBegun(error)) return undefined
  const { retryAfter } = error as { retryAfter?: number }
  const wait = (retryAfter === undefined ? FIRST_WAIT_MS * 2 ** (made - 1) : retryAfter * 1000) * spread
  return elapsed + wait > MAX_TOTAL_MS ? undefined : wait
}

/** Waits so many milliseconds. @throws the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
