import { APIError } from 'openai'
import type { ServiceError } from '../../errors/error.js'
import {
  badReference,
  contentPolicy,
  organisationNotVerified,
  providerFailed,
  providerKeyRefused,
  providerOverloaded,
  providerQuota,
  providerRate,
  providerUnreachable,
  wrongAddress,
} from '../../errors/provider.js'
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
  if (!(error instanceof APIError) || error.status === undefined) return providerUnreachable({ cause })
  const facts = factsOf(error)
  const { status } = facts
  const kind = `${facts.code} ${facts.type}`
  const quote = () => quotable(facts.message, request)

  if (QUOTA.test(kind) || status === 402) return providerQuota({ cause })
  if (isContentPolicy(facts, kind)) return contentPolicy({ quote: quote(), cause })
  if (isReferenceFault(facts, kind) && request.references.length > 0) {
    const ids = faultyReferences(facts, request.references).join(', ')
    return badReference({ ids, quote: quote(), cause })
  }
  if (status === 401 || status === 403 || KEY.test(kind)) return accessError(facts, cause)
  if (status === 503 || status === 529 || OVERLOADED.test(kind)) {
    return providerOverloaded({ retryAfter: retryAfterOf(error, now), cause })
  }
  if (status === 429 || RATE.test(kind)) {
    return providerRate({ retryAfter: retryAfterOf(error, now), cause })
  }
  if (status === 404 || status === 405) return wrongAddress({ status, cause })
  return providerFailed({ status, cause })
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

function accessError({ status, message }: Facts, cause: unknown): ServiceError {
  const isUnverified = /verif/i.test(message) && status === 403
  return isUnverified ? organisationNotVerified({ cause }) : providerKeyRefused({ cause })
}
