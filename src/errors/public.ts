import { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import { ZodError, ZodRealError } from 'zod'
import { excerpt } from '../excerpt.js'
import { type Issue, ServiceError } from './error.js'
import { bodyNotJson, invalidInput, unexpected } from './requests.js'

/** An error as callers see it, in either interface. */
export interface PublicError {
  status: number
  code: TRPC_ERROR_CODE_KEY
  message: string
  reason?: string
  issues?: Issue[]
  retryAfter?: number
}

/** Most issues of one error, the first ones: what is wrong is wrong in the same way from then on. */
export const MAX_ISSUES = 20

/** Failed validations as issues, the first of which gives the message. */
function fromZod(error: ZodError): PublicError {
  const issues = error.issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => ({ path: path.map((part) => excerpt(String(part))).join('.'), message }))
  const { code, status, text } = invalidInput
  return { status, code, message: issues[0]?.message ?? text, issues }
}

function fromService(error: ServiceError): PublicError {
  const { status, code, message, reason, issues, retryAfter } = error
  return {
    status,
    code,
    message,
    ...(reason !== undefined && { reason }),
    ...(issues !== undefined && { issues }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/**
 * What callers may know of a thrown value. Only a ServiceError, a failed validation and tRPC's own errors
 * (unknown procedure, batch too large, …) speak for themselves; anything else is an unexpected failure.
 */
export function publicError(error: unknown): PublicError {
  if (error instanceof ServiceError) return fromService(error)
  if (error instanceof ZodError) return fromZod(error)
  if (!(error instanceof TRPCError) || error.code === 'INTERNAL_SERVER_ERROR')
    return fromService(unexpected())
  if (error.cause instanceof ZodError) return fromZod(error.cause)
  if (error.cause instanceof SyntaxError) return fromService(bodyNotJson())
  return { status: getHTTPStatusCodeFromError(error), code: error.code, message: error.message }
}

/** A failed validation by what is wrong with the input, as tRPC throws those of schemas. */
export function validationError(issues: readonly { path: string[]; message: string }[]): TRPCError {
  const cause = new ZodRealError(issues.map((issue) => ({ code: 'custom', ...issue })))
  return new TRPCError({ code: 'BAD_REQUEST', cause })
}
