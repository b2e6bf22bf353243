import { entry } from './error.js'

// What the image provider's failures are to callers: the table of the contract. No text repeats a key or a prompt.

const TRY_LATER = 'try again later'
const CHECK_SETTINGS = 'check the API key and the image model in the project’s llmSettings'
/** What to do where the answers are not those of an images API. */
const CHECK_ADDRESS = 'check OPENAI_BASE_URL: gateways want their path in it, such as /v1'

/** The provider's own words, fit to be shown; '' where it gave none. */
interface Quote {
  quote: string
}
const orNoReason = (quote: string) => quote || 'it gave no reason'

export const contentPolicy = entry({
  code: 'UNPROCESSABLE_CONTENT',
  text: ({ quote }: Quote) =>
    `The image provider’s content policy refused this portrait: ${orNoReason(quote)}`,
  example: { quote: '' },
})

/** `ids` as they stand in the message. */
export const badReference = entry({
  code: 'UNPROCESSABLE_CONTENT',
  text: ({ ids, quote }: Quote & { ids: string }) =>
    `The image provider cannot use style reference ${ids} (${orNoReason(quote)}); remove or replace it`,
  example: { ids: 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png', quote: '' },
})

export const providerQuota = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_quota',
  text: 'The image provider account is out of quota or at its spending limit; raise it there',
})

export const providerOverloaded = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_overloaded',
  text: ({ retryAfter }: { retryAfter: number }) =>
    `The image provider is overloaded; try again in ${retryAfter} s`,
  example: { retryAfter: 20 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

export const providerRate = entry({
  code: 'TOO_MANY_REQUESTS',
  text: ({ retryAfter }: { retryAfter: number }) =>
    `The image provider limits the rate of requests; try again in ${retryAfter} s`,
  example: { retryAfter: 20 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

/** `models` are those that were to be tried, as they stand in the message. */
export const noModelServed = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: ({ models }: { models: string }) =>
    `The image provider serves none of these models to this key: ${models}; ${CHECK_SETTINGS}`,
  example: { models: 'gpt-image-1' },
})

export const providerKeyRefused = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: `The image provider refuses the project’s API key; ${CHECK_SETTINGS}`,
})

export const organisationNotVerified = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: 'The image provider serves this model to verified organisations only; verify the API key’s there',
})

export const providerKeyMalformed = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'provider_misconfigured',
  text: 'The project’s API key holds characters that no key has; set it again in llmSettings',
})

export const providerTimedOut = entry({
  code: 'GATEWAY_TIMEOUT',
  text: ({ seconds }: { seconds: number }) =>
    `The image provider did not finish within ${seconds} s; ${TRY_LATER}`,
  example: { seconds: 180 },
})

export const providerFailed = entry({
  code: 'BAD_GATEWAY',
  text: ({ status }: { status: number | undefined }) =>
    `The image provider failed with status ${status}; ${TRY_LATER}`,
  example: { status: 500 },
})

export const providerUnreachable = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider could not be reached, or broke off its answer; ${TRY_LATER}`,
})

/** For an address that is not the API's, nor will be: its path is missing, as a rule. */
export const wrongAddress = entry({
  code: 'BAD_GATEWAY',
  text: ({ status }: { status: number }) =>
    `The image provider answered with status ${status}; ${CHECK_ADDRESS}`,
  example: { status: 404 },
})

/** For an answer of another address of the gateway, as a rule. */
export const answerNotJson = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider answered without a picture, in a text that is not JSON; ${CHECK_ADDRESS}`,
})

export const answerWithoutPicture = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider answered without a picture; ${TRY_LATER}`,
})

export const answerWithLink = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider answered with a link, not the picture itself; ${TRY_LATER}`,
})

export const answerNotBase64 = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider answered with a picture that is not base64; ${TRY_LATER}`,
})

export const answerUnreadable = entry({
  code: 'BAD_GATEWAY',
  text: `The image provider answered with a picture that cannot be read; ${TRY_LATER}`,
})

export const answerTooLarge = entry({
  code: 'BAD_GATEWAY',
  text: ({ mib }: { mib: number }) => `The image provider answered with more than ${mib} MiB; ${TRY_LATER}`,
  example: { mib: 16 },
})
