import { z } from 'zod'
import type { PublicError } from '../errors/public.js'

/** Escapes of letters and digits, which routes read as these; an escaped `/` is part of a parameter. */
const ESCAPED = /%(3[0-9]|[46][1-9a-f]|[57][0-9a])/gi

/** Paths below which everything is as in OpenAI's API. */
const OPENAI = /^\/api\/projects\/[^/]*\/openai\/v1(\/|$)/

/** Whether a path is one of OpenAI's API, of any project, whatever characters of it are escaped. */
export function isOpenAiPath(path: string): boolean {
  return OPENAI.test(path.replaceAll(ESCAPED, (escaped) => decodeURIComponent(escaped)))
}

/** OpenAI's kinds of errors, by status. */
const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
}

/** Codes by which clients of OpenAI's API know an error. */
const CODES: Record<number, string> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }

/** The body of an error in OpenAI's form. */
export const openAiError = z
  .object({
    error: z.object({
      message: z.string().meta({ description: 'What is wrong, and what to do' }),
      type: z.string().meta({ description: 'What kind of error it is, such as invalid_request_error' }),
      param: z.string().nullable().meta({ description: 'The field that is wrong, where it is one' }),
      code: z.string().nullable().meta({ description: 'A finer code, such as model_not_found' }),
    }),
  })
  .meta({ id: 'OpenAiError', description: 'Why a request failed, in OpenAI’s form' })

/** An error in OpenAI's form. */
export function openAiErrorBody({
  status,
  message,
  reason,
  issues,
}: PublicError): z.infer<typeof openAiError> {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  const param = issues?.[0]?.path ?? null
  return { error: { message, type, param, code: reason ?? CODES[status] ?? null } }
}

/** Its headers: SDKs would send again, three times in all, what may have been paid for. */
export function openAiErrorHeaders({ status }: PublicError): Record<string, string> {
  return status >= 500 ? { 'x-should-retry': 'false' } : {}
}
