import { entry } from './error.js'
import { orNoReason, type Quote, TRY_LATER } from './wording.js'

export const noSystemPrompt = entry({ code: 'BAD_REQUEST', text: 'Persona has no system prompt' })

export const noProvider = entry({ code: 'BAD_REQUEST', text: 'No LLM provider configured' })

export const notOpenAi = entry({ code: 'BAD_REQUEST', text: 'LLM provider is not OpenAI' })

/** `retryAfter` in seconds. */
export const portraitRate = entry({
  code: 'TOO_MANY_REQUESTS',
  reason: 'portrait_rate',
  text: ({ perMinute }: { perMinute: number; retryAfter: number }) =>
    `Too many portraits for this project: at most ${perMinute} a minute`,
  example: { perMinute: 20, retryAfter: 30 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

export const tooManyPortraits = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many portraits are being drawn; try again in half a minute',
  retryAfter: 30,
})

export const stoppingBeforePortrait = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'stopping',
  text: 'The service is stopping, and began no portrait; try again in 10 s',
  retryAfter: 10,
})

export const portraitGivenUp = entry({
  code: 'SERVICE_UNAVAILABLE',
  text: 'The service is stopping, and gave this portrait up; it may have been billed',
  retryAfter: 10,
})

export const tooManyProviderAnswers = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many portraits arrive at once; try again in a few seconds',
  retryAfter: 5,
})

/** `ids` as they stand in the message. */
export const badReference = entry({
  code: 'UNPROCESSABLE_CONTENT',
  text: ({ ids, quote }: Quote & { ids: string }) =>
    `The LLM provider cannot use style reference ${ids} (${orNoReason(quote)}); remove or replace it`,
  example: { ids: 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png', quote: '' },
})

export const answerWithoutPicture = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered without a picture; ${TRY_LATER}`,
})

export const answerWithLink = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered with a link, not the picture itself; ${TRY_LATER}`,
})

export const answerNotBase64 = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered with a picture that is not base64; ${TRY_LATER}`,
})

export const answerUnreadable = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered with a picture that cannot be read; ${TRY_LATER}`,
})
