import { APIError } from 'openai'
import type { ServiceError } from '../../errors/error.js'
import {
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

/** What was sent when the provider failed. */
export interface FailedRequest {
  apiKey: string
  /** The texts that were sent; no message may repeat them. */
  texts: readonly string[]
  /** What a failure means that only this kind of request can have; asked after quota and content policy. */
  ownError?: ((failure: Failure) => ServiceError | undefined) | undefined
}

/** A failure as the provider tells it. */
export interface Failure extends Facts {
  /** Its code and type, as one text to look in. */
  kind: string
  /** Its own words, fit to be shown. */
  quote(): string
  /** What identifies it in the log. */
  cause: unknown
}

// How OpenAI and gateways that speak its API name things, in `error.code` or `error.type`.
const QUOTA = /quota|billing|(spend|usage)_limit/
const CONTENT_POLICY = /moderation|content_?policy|content_?filter|safety|responsible_?ai/i
const KEY = /invalid_api_key|account_deactivated/
const OVERLOADED = /overloaded|slow_down/
const RATE = /rate_limit/
const MODEL_GONE = /model_(not_found|deprecated|retired)|(unknown|invalid|deprecated|retired)_model/
// And where there is no code, in words.
const SAYS_CONTENT_POLICY = /(rejected by|result of) (the|our) safety system/i
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
  if (!(error instanceof APIError)) return providerUnreachable({ cause })
  const facts = factsOf(error)
  const { status } = facts
  const kind = `${facts.code} ${facts.type}`
  const failure = { ...facts, kind, cause, quote: () => quotable(facts.message, request) }

  if (QUOTA.test(kind) || status === 402) return providerQuota({ cause })
  if (isContentPolicy(facts, kind)) return contentPolicy({ quote: failure.quote(), cause })
  const own = request.ownError?.(failure)
  if (own !== undefined) return own
  if (status === 401 || status === 403 || KEY.test(kind)) return accessError(facts, cause)
  if (status === 503 || status === 529 || OVERLOADED.test(kind)) {
    return providerOverloaded({ retryAfter: retryAfterOf(error, now), cause })
  }
  if (status === 429 || RATE.test(kind)) {
    return providerRate({ retryAfter: retryAfterOf(error, now), cause })
  }
  // No answer came, or one that was a success until it broke off.
  if (status === undefined) return providerUnreachable({ cause })
  if (status === 404 || status === 405) return wrongAddress({ status, cause })
  return providerFailed({ status, cause })
}

function isContentPolicy({ status, message }: Facts, kind: string): boolean {
  return CONTENT_POLICY.test(kind) || (status === 400 && SAYS_CONTENT_POLICY.test(message))
}

function accessError({ status, message }: Facts, cause: unknown): ServiceError {
  const isUnverified = /verif/i.test(message) && status === 403
  return isUnverified ? organisationNotVerified({ cause }) : providerKeyRefused({ cause })
}
