import { APIError } from 'openai'

const MAX_RETRY_AFTER = 60
const DEFAULT_RETRY_AFTER = 20

/** What a failed answer's body says; '' for what it leaves out. */
export interface Facts {
  status: number | undefined
  code: string
  type: string
  param: string
  message: string
}

// The SDK passes on whatever the body held: nothing says that these are texts.
/** Reads an answer that carries an error. */
export function factsOf(error: APIError): Facts {
  const body: unknown = error.error
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined
  return {
    status: error.status,
    code: asText(error.code),
    type: asText(error.type),
    param: asText(error.param),
    message: asText(message),
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Whole seconds from `Retry-After` (a number or an HTTP date, RFC 9110 §10.2.3), within 1 to 60. */
export function retryAfterOf(error: APIError, now: number): number {
  const value = error.headers?.get('retry-after')?.trim()
  if (!value) return DEFAULT_RETRY_AFTER
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000
  if (Number.isNaN(seconds)) return DEFAULT_RETRY_AFTER
  return Math.min(MAX_RETRY_AFTER, Math.max(1, Math.ceil(seconds)))
}

/** What the log may know of a failure. The SDK's own error holds headers and texts of the provider. */
export function identity(error: unknown): Record<string, string | number> {
  const known: Record<string, unknown> =
    error instanceof APIError
      ? {
          status: error.status,
          code: error.code ?? networkCode(error),
          type: error.type,
          requestID: error.requestID,
        }
      : { code: networkCode(error) }
  const told: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(known)) {
    if (typeof value === 'number' || (typeof value === 'string' && /^[\w.-]{1,64}$/.test(value)))
      told[name] = value
  }
  return told
}

/** Such as `ECONNRESET`, from the innermost of the causes. */
function networkCode(error: unknown): unknown {
  let code: unknown
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if ('code' in inner && inner.code != null) code = inner.code
  }
  return code
}
