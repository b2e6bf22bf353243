import { entry } from './error.js'
import { orNoReason, type Quote, TRY_LATER } from './wording.js'

// What failures of the LLM provider are to callers. No text repeats a key or a prompt.

const CHECK_SETTINGS = 'check the API key and the models in the project’s llmSettings'
/** What to do where the answers are not those of the API. */
const CHECK_ADDRESS = 'check OPENAI_BASE_URL: gateways want their path in it, such as /v1'

export const contentPolicy = entry({
  code: 'UNPROCESSABLE_CONTENT',
  text: ({ quote }: Quote) => `The LLM provider’s content policy refused this request: ${orNoReason(quote)}`,
  example: { quote: '' },
})

export const providerQuota = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_quota',
  text: 'The LLM provider account is out of quota or at its spending limit; raise it there',
})

export const providerOverloaded = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_overloaded',
  text: ({ retryAfter }: { retryAfter: number }) =>
    `The LLM provider is overloaded; try again in ${retryAfter} s`,
  example: { retryAfter: 20 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

export const providerRate = entry({
  code: 'TOO_MANY_REQUESTS',
  text: ({ retryAfter }: { retryAfter: number }) =>
    `The LLM provider limits the rate of requests; try again in ${retryAfter} s`,
  example: { retryAfter: 20 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

/** `models` are those that were to be tried, as they stand in the message. */
export const noModelServed = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: ({ models }: { models: string }) =>
    `The LLM provider serves none of these models to this key: ${models}; ${CHECK_SETTINGS}`,
  example: { models: 'gpt-image-1' },
})

export const providerKeyRefused = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: `The LLM provider refuses the project’s API key; ${CHECK_SETTINGS}`,
})

export const organisationNotVerified = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: 'The LLM provider serves this model to verified organisations only; verify the API key’s there',
})

export const providerKeyMalformed = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: 'The project’s API key holds characters that no key has; set it again in llmSettings',
})

export const providerTimedOut = entry({
  code: 'GATEWAY_TIMEOUT',
  text: ({ seconds }: { seconds: number }) =>
    `The LLM provider did not finish within ${seconds} s; ${TRY_LATER}`,
  example: { seconds: 180 },
})

export const providerFailed = entry({
  code: 'BAD_GATEWAY',
  text: ({ status }: { status: number | undefined }) =>
    `The LLM provider failed with status ${status}; ${TRY_LATER}`,
  example: { status: 500 },
})

export const providerUnreachable = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider could not be reached, or broke off its answer; ${TRY_LATER}`,
})

/** For an address that is not the API's, nor will be: its path is missing, as a rule. */
export const wrongAddress = entry({
  code: 'BAD_GATEWAY',
  text: ({ status }: { status: number }) =>
    `The LLM provider answered with status ${status}; ${CHECK_ADDRESS}`,
  example: { status: 404 },
})

/** For an answer of another address of the gateway, as a rule. */
export const answerNotJson = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered with a text that is not JSON; ${CHECK_ADDRESS}`,
})

export const answerTooLarge = entry({
  code: 'BAD_GATEWAY',
  text: ({ mib }: { mib: number }) => `The LLM provider answered with more than ${mib} MiB; ${TRY_LATER}`,
  example: { mib: 16 },
})
