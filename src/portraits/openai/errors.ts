import { APIError } from 'openai'
import { ServiceError } from '../../errors.js'
import { type Facts, factsOf, identity, retryAfterOf } from './facts.js'
import { quotable } from './quote.js'

/** What was sent when the provider failed: its key and prompt, which no message may repeat, and its references. */
export interface FailedRequest {
  apiKey: string
  prompt: string
  references: readonly { id: string }[]
}

// How OpenAI and gateways that speak its API name things, in `error.code` or `error.type`.
const QUOTA = /quota|billing|(spend|usage)_limit/
const CONTENT_POLICY = /moderation|content_?policy|content_?filter|safety|responsible_?ai/i
const IMAGE_FILE = /image_(file|format|parse|too)|(invalid|empty|unsupported|corrupt)_(image|file)|mimetype/
const KEY = /invalid_api_key|account_deactivated/
const OVERLOADED = /overloaded|slow_down/
const RATE = /rate_limit/
const MODEL_GONE = /model_(not_found|deprecated|retired)|(unknown|invalid|deprecated|retired)_model/
// And where there is no code, in words.
const SAYS_CONTENT_POLICY = /(rejected by|result of) (the|our) safety system/i
const SAYS_IMAGE_FILE = /invalid (image )?file|image file or mode|unsupported (image|mimetype)/i
/** What a 404 is about where it is not the address. */
const SAYS_MODEL = /\b(model|deployment)s?\b/i
const SAYS_MODEL_GONE = /\bmodel\b.*(does not exist|not found|deprecated|retired|shut down|no longer)/i

const CHECK_SETTINGS = 'check the API key and the image model in the project’s llmSettings'

/** What to do where the answers are not those of an images API. */
export const CHECK_ADDRESS = 'check OPENAI_BASE_URL: gateways want their path in it, such as /v1'

/** The provider settings of the project cannot work: no other request with them would. */
export function misconfigured(message: string, cause: unknown): ServiceError {
  return new ServiceError('SERVICE_UNAVAILABLE', message, { reason: 'provider_misconfigured', cause })
}

/**
 * The call failed in a way that says nothing about the request. The cause tells the log which failure it was,
 * without words of the provider.
 */
export function badGateway(what: string, cause: unknown, advice = 'try again later'): ServiceError {
  return new ServiceError('BAD_GATEWAY', `The image provider ${what}; ${advice}`, { cause })
}

/** No configured model is served to this key; `models` are those that were to be tried. */
export function noModelServed(models: readonly string[]): ServiceError {
  const tried = models.join(', ')
  return misconfigured(
    `The image provider serves none of these models to this key: ${tried}; ${CHECK_SETTINGS}`,
    `no model served: ${tried}`,
  )
}

/**
 * Whether the provider says that the model does not exist, no longer, or not for this key. Retired models come
 * with several codes and statuses, so wording counts too; a 404 of the address (`Invalid URL`, or one that
 * does not speak of a model) does not.
 */
export function isModelGone(error: unknown): boolean {
  if (!(error instanceof APIError)) return false
  const { status, code, param, message } = factsOf(error)
  if (MODEL_GONE.test(code)) return true
  if (status === 404 || status === 410) return param === 'model' || SAYS_MODEL.test(message)
  if (status !== 400) return false
  return param === 'model' || SAYS_MODEL_GONE.test(message)
}

/**
 * The one table of what the provider may say and what a caller is told: by code, type and status, most specific
 * first. Messages repeat neither key nor prompt; the cause holds only what identifies the failure for the log.
 */
export function providerError(error: unknown, request: FailedRequest, now: number): ServiceError {
  const cause = identity(error)
  if (!(error instanceof APIError) || error.status === undefined) {
    return badGateway('could not be reached, or broke off its answer', cause)
  }
  const facts = factsOf(error)
  const { status } = facts
  const kind = `${facts.code} ${facts.type}`

  if (QUOTA.test(kind) || status === 402) {
    const message = 'The image provider account is out of quota or at its spending limit; raise it there'
    return new ServiceError('SERVICE_UNAVAILABLE', message, { reason: 'provider_quota', cause })
  }
  if (isContentPolicy(facts, kind)) {
    const reason = quotable(facts.message, request) || 'it gave no reason'
    const message = `The image provider’s content policy refused this portrait: ${reason}`
    return new ServiceError('UNPROCESSABLE_CONTENT', message, { cause })
  }
  if (isReferenceFault(facts, kind) && request.references.length > 0) {
    const ids = faultyReferences(facts, request.references).join(', ')
    const reason = quotable(facts.message, request) || 'it gave no reason'
    const message = `The image provider cannot use style reference ${ids} (${reason}); remove or replace it`
    return new ServiceError('UNPROCESSABLE_CONTENT', message, { cause })
  }
  if (status === 401 || status === 403 || KEY.test(kind)) {
    return misconfigured(accessMessage(facts), cause)
  }
  if (status === 503 || status === 529 || OVERLOADED.test(kind)) {
    const retryAfter = retryAfterOf(error, now)
    const message = `The image provider is overloaded; try again in ${retryAfter} s`
    return new ServiceError('SERVICE_UNAVAILABLE', message, {
      reason: 'provider_overloaded',
      retryAfter,
      cause,
    })
  }
  if (status === 429 || RATE.test(kind)) {
    const retryAfter = retryAfterOf(error, now)
    const message = `The image provider limits the rate of requests; try again in ${retryAfter} s`
    return new ServiceError('TOO_MANY_REQUESTS', message, { retryAfter, cause })
  }
  // An address that is not the API's, nor will be: its path is missing, as a rule.
  if (status === 404 || status === 405) {
    return badGateway(`answered with status ${status}`, cause, CHECK_ADDRESS)
  }
  return badGateway(`failed with status ${status}`, cause)
}

function isContentPolicy({ status, message }: Facts, kind: string): boolean {
  return CONTENT_POLICY.test(kind) || (status === 400 && SAYS_CONTENT_POLICY.test(message))
}

function isReferenceFault({ status, param, message }: Facts, kind: string): boolean {
  // 413: together they are more than the provider takes.
  if (status === 413) return true
  if (status !== 400 && status !== 415 && status !== 422) return false
  return IMAGE_FILE.test(kind) || /^image\b/.test(param) || SAYS_IMAGE_FILE.test(message)
}

/** The ids the provider may mean: one by `image[2]` or file name, one of two by `image 2`, else all. */
function faultyReferences({ param, message }: Facts, references: readonly { id: string }[]): string[] {
  const ids = references.map(({ id }) => id)
  const told = `${param} ${message}`
  const index = Number(/image\[(\d+)\]/.exec(told)?.[1] ?? Number.NaN)
  const file = Number(/reference-(\d+)\./.exec(told)?.[1] ?? Number.NaN)
  // This number was seen to count from 0 and from 1.
  const place = Number(/\bimage (\d+)\b/i.exec(told)?.[1] ?? Number.NaN)
  const meant = ids.filter((_, at) => at === index || at === file - 1 || at === place || at === place - 1)
  return meant.length > 0 ? meant : ids
}

function accessMessage({ status, message }: Facts): string {
  if (/verif/i.test(message) && status === 403) {
    return 'The image provider serves this model to verified organisations only; verify the API key’s there'
  }
  return `The image provider refuses the project’s API key; ${CHECK_SETTINGS}`
}
