import { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'

/** One thing that is wrong with an input: where (`headers.X-A`) and what is allowed there. */
export interface Issue {
  path: string
  message: string
}

/** What all errors of one entry have in common. */
interface Kind {
  /** tRPC's code; the HTTP status follows from it. */
  code: TRPC_ERROR_CODE_KEY
  /** A finer code beside it, such as `provider_quota`. */
  reason?: string
  /** The HTTP status, where tRPC has no code for it. */
  status?: number
  /** The input field that is wrong, where it is one. */
  path?: string
}

/** What any error may be given for the log. */
interface Logged {
  /** What really happened; callers never see it. */
  cause?: unknown
}

/** An entry of the catalogue: an error that callers may get. */
export interface ErrorEntry extends Readonly<Kind> {
  readonly status: number
  /** The message, or how it is made of its values. */
  readonly text: unknown
  /** The error with the entry's example values, as the document shows it. */
  example(): ServiceError
  /** Whether a caught value is an error of this entry. */
  is(error: unknown): error is ServiceError
}

/** An entry whose message is always the same. Called, it makes the error. */
export interface FixedError extends ErrorEntry {
  (logged?: Logged): ServiceError
  readonly text: string
}

/** An entry whose message names values. Called with them, it makes the error. */
export interface ErrorWith<Values extends object> extends ErrorEntry {
  (values: Values & Logged): ServiceError
  readonly text: (values: Values) => string
}

interface ErrorDetails extends Omit<Kind, 'path'>, Logged {
  message: string
  issues?: Issue[]
  /** Seconds after which another try makes sense (`Retry-After`). */
  retryAfter?: number
  entry?: ErrorEntry
}

/**
 * The one error that rules of the service raise, made by an entry of the catalogue. It is a TRPCError so that
 * both interfaces pass it on as it is; its message is meant for the caller and must hold nothing of the inside.
 */
export class ServiceError extends TRPCError {
  readonly status: number
  readonly reason?: string
  readonly issues?: Issue[]
  readonly retryAfter?: number
  /** The entry that made it. */
  readonly entry?: ErrorEntry

  constructor({ code, message, cause, status, ...details }: ErrorDetails) {
    super({ code, message, cause })
    this.name = 'ServiceError'
    this.status = status ?? getHTTPStatusCodeFromError(this)
    if (details.reason !== undefined) this.reason = details.reason
    if (details.issues !== undefined) this.issues = details.issues
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter
    if (details.entry !== undefined) this.entry = details.entry
  }
}

interface FixedDefinition extends Kind {
  text: string
  /** Seconds after which another try makes sense. */
  retryAfter?: number
}

interface DefinitionWith<Values extends object> extends Kind {
  text: (values: Values) => string
  /** The values that the document shows. */
  example: NoInfer<Values>
  retryAfter?: number | ((values: Values) => number)
}

/**
 * Declares an error of the service. Its export is its name; `errors/catalogue.ts` finds it in its file.
 *
 * @example
 * export const queueFull = entry({ code: 'TOO_MANY_REQUESTS', text: 'The queue is full' })
 * throw queueFull()
 */
export function entry(definition: FixedDefinition): FixedError
export function entry<Values extends object>(definition: DefinitionWith<Values>): ErrorWith<Values>
export function entry<Values extends object>(
  definition: FixedDefinition | DefinitionWith<Values>,
): FixedError | ErrorWith<Values> {
  const { path, text, retryAfter, ...kind } = definition
  const example = 'example' in definition ? definition.example : undefined

  function make({ cause, ...given }: object & Logged = {}): ServiceError {
    // The overloads let no other values in.
    const values = given as Values
    const message = typeof text === 'string' ? text : text(values)
    const seconds = typeof retryAfter === 'function' ? retryAfter(values) : retryAfter
    return new ServiceError({
      ...kind,
      message,
      cause,
      entry: made,
      ...(path !== undefined && { issues: [{ path, message }] }),
      ...(seconds !== undefined && { retryAfter: seconds }),
    })
  }

  const about = {
    ...kind,
    ...(path !== undefined && { path }),
    text,
    status: kind.status ?? getHTTPStatusCodeFromError(new TRPCError({ code: kind.code })),
    example: () => make(example),
    is: (error: unknown): error is ServiceError => error instanceof ServiceError && error.entry === made,
  }
  // Which of the two it is follows from the text, as the overloads say.
  const made = Object.assign(make, about) as FixedError | ErrorWith<Values>
  return made
}
