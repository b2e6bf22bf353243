import { TRPCClientError } from '@trpc/client'
import type { PersonasErrorCode } from './types.js'

/** One thing that is wrong with an input: where (`headers.X-A`) and what is allowed there. */
export interface PersonasIssue {
  path: string
  message: string
}

/** An error that the service answered with. Its message says what is wrong and what to do. */
export interface PersonasError extends Error {
  code: PersonasErrorCode
  /** The status that REST answers with in the same case. */
  httpStatus: number
  /** A finer code, such as `provider_quota`. */
  reason?: string
  /** The fields that were refused, 20 at most; the first gives the message. */
  issues?: PersonasIssue[]
  /** Seconds after which another try makes sense. */
  retryAfter?: number
  /** Names the request in the service's log. */
  requestId?: string
}

/** A call that the service did not answer: it was not reached, or something else answered at its URL. */
export interface PersonasConnectionError extends Error {
  /**
   * `unreachable`: no answer came; `cause` is what `fetch` threw. `not_the_api`: what came is no answer of the
   * service, but of a proxy before it, or of something else at a wrong URL.
   */
  reason: 'unreachable' | 'not_the_api'
  /** The `url` that the client was made with. */
  url: string
  /** What went wrong with the connection, where the runtime says it: `ECONNREFUSED`, `ENOTFOUND`, … */
  code?: string
  /** The status of the answer that came. */
  httpStatus?: number
  /** Its media type, such as `text/html`. */
  contentType?: string
  /** Seconds after which it asks for another try (`Retry-After`). */
  retryAfter?: number
}

/**
 * Whether a caught value is an error that the service answered with, and one of a certain code where one is
 * given. A call that it did not answer is a `PersonasConnectionError`, and one that was aborted rejects with the
 * reason of its signal.
 */
export function isPersonasError<Code extends PersonasErrorCode>(
  error: unknown,
  code: Code,
): error is PersonasError & { code: Code }
/** Whether a caught value is an error that the service answered with, whatever its code. */
export function isPersonasError(error: unknown): error is PersonasError
export function isPersonasError(error: unknown, code?: PersonasErrorCode): boolean {
  // By name: a program may hold two copies of this module, by the names of both packages.
  if (!(error instanceof Error) || error.name !== 'PersonasError' || !('code' in error)) return false
  return code === undefined || error.code === code
}

/** Whether a caught value says that the service did not answer: it was not reached, or something else answered. */
export function isPersonasConnectionError(error: unknown): error is PersonasConnectionError {
  return error instanceof Error && error.name === 'PersonasConnectionError'
}

/** What an error consists of beside its stack. */
interface Failure {
  name: string
  message: string
  cause?: unknown
  [detail: string]: unknown
}

/** An error with the stack of another one. Without a cause it has none, rather than one that is undefined. */
function makeError({ name, message, cause, ...details }: Failure, at?: Error): Error {
  const error = new Error(message, cause === undefined ? {} : { cause })
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (at?.stack !== undefined) {
    // V8 and Bun begin a stack with the error's name and message; Firefox and Safari with the first frame. What
    // maps stacks to sources may write a colon though there is no message.
    error.stack = at.stack.replace(/^Error(: )?(?=\n|$)/, () => `${name}: ${message}`)
  }
  return Object.assign(error, details)
}

/** A call that the service did not answer, as an error. */
export function connectionError(
  message: string,
  details: Pick<PersonasConnectionError, 'reason' | 'url'> & Partial<PersonasConnectionError>,
): Error {
  return makeError({ ...details, name: 'PersonasConnectionError', message })
}

/**
 * What a call rejects with: a PersonasError or a PersonasConnectionError, made of what the tRPC client threw,
 * with the stack of the call. An error of neither kind, such as of an input that JSON cannot hold, keeps its
 * message and is the cause.
 */
export function errorOfCall(thrown: unknown, at: Error): Error {
  const cause: unknown = thrown instanceof TRPCClientError ? thrown.cause : thrown
  // Errors of a router whose type is not known here.
  const data: unknown = thrown instanceof TRPCClientError ? thrown.data : undefined
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (typeof data === 'object' && data !== null) {
    const { path: _, ...details } = data as Record<string, unknown>
    return makeError({ ...details, name: 'PersonasError', message }, at)
  }
  if (!isPersonasConnectionError(cause)) return makeError({ name: 'Error', message, cause }, at)
  // The calls of a batch share one; each rejects with its own.
  const { name, cause: reason } = cause
  return makeError({ ...cause, name, message, cause: reason }, at)
}
