import type { PublicError } from '../errors/public.js'

/** Paths below which everything is as in OpenAI's API. */
const OPENAI = /^\/api\/projects\/[^/]+\/openai\/v1(\/|$)/

/** Whether a path is one of OpenAI's API, of any project. */
export function isOpenAiPath(path: string): boolean {
  return OPENAI.test(path)
}

/** OpenAI's kinds of errors, by status. */
const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
}

/** Codes by which clients of OpenAI's API know an error. */
const CODES: Record<number, string> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }

/** An error in OpenAI's form. */
export function openAiErrorBody({ status, message, reason, issues }: PublicError): object {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  const param = issues?.[0]?.path ?? null
  return { error: { message, type, param, code: reason ?? CODES[status] ?? null } }
}

/** Its headers: SDKs would send again, three times in all, what may have been paid for. */
export function openAiErrorHeaders({ status }: PublicError): Record<string, string> {
  return status >= 500 ? { 'x-should-retry': 'false' } : {}
}
