import { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import { ZodError } from 'zod'
import { excerpt } from './excerpt.js'

/** One thing that is wrong with an input: where (`headers.X-A`) and what is allowed there. */
export interface Issue {
  path: string
  message: string
}

interface ErrorDetails {
  /** A finer code beside tRPC's, such as `provider_quota`. */
  reason?: string
  issues?: Issue[]
  /** Seconds after which another try makes sense (`Retry-After`). */
  retryAfter?: number
  /** The HTTP status, where tRPC has no code for it. */
  status?: number
  /** What really happened, for the log alone. */
  cause?: unknown
}

/**
 * The one error that rules of the service raise. It is a TRPCError so that both interfaces pass it on as it
 * is; its message is meant for the caller and must hold nothing of the inside.
 */
export class ServiceError extends TRPCError {
  readonly reason?: string
  readonly issues?: Issue[]
  readonly retryAfter?: number
  readonly status?: number

  constructor(code: TRPC_ERROR_CODE_KEY, message: string, details: ErrorDetails = {}) {
    super({ code, message, cause: details.cause })
    this.name = 'ServiceError'
    if (details.reason !== undefined) this.reason = details.reason
    if (details.issues !== undefined) this.issues = details.issues
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter
    if (details.status !== undefined) this.status = details.status
  }
}

/** An error as callers see it, in either interface. */
export interface PublicError {
  status: number
  code: TRPC_ERROR_CODE_KEY
  message: string
  reason?: string
  issues?: Issue[]
  retryAfter?: number
}

const UNEXPECTED: PublicError = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Something went wrong here; the log has it under this request id',
}

/** Most issues of one error, the first ones: what is wrong is wrong in the same way from then on. */
const MAX_ISSUES = 20

/** Failed validations as issues, the first of which gives the message. */
function fromZod(error: ZodError): PublicError {
  const issues = error.issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => ({ path: path.map((part) => excerpt(String(part))).join('.'), message }))
  return { status: 400, code: 'BAD_REQUEST', message: issues[0]?.message ?? 'The input is not valid', issues }
}

/**
 * What callers may know of a thrown value. Only a ServiceError, a failed validation and tRPC's own refusals
 * (unknown procedure, batch too large, …) speak for themselves; anything else is an unexpected failure.
 */
export function publicError(error: unknown): PublicError {
  if (error instanceof ServiceError) {
    const { code, message, reason, issues, retryAfter } = error
    return {
      status: error.status ?? getHTTPStatusCodeFromError(error),
      code,
      message,
      ...(reason !== undefined && { reason }),
      ...(issues !== undefined && { issues }),
      ...(retryAfter !== undefined && { retryAfter }),
    }
  }
  if (error instanceof ZodError) return fromZod(error)
  if (!(error instanceof TRPCError) || error.code === 'INTERNAL_SERVER_ERROR') return UNEXPECTED
  if (error.cause instanceof ZodError) return fromZod(error.cause)
  if (error.cause instanceof SyntaxError) {
    return { status: 400, code: 'BAD_REQUEST', message: 'Request body is not valid JSON' }
  }
  return { status: getHTTPStatusCodeFromError(error), code: error.code, message: error.message }
}
