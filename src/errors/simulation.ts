import { entry } from './error.js'
import { orNoReason, type Quote, TRY_LATER } from './wording.js'

const RAISE_LIMIT = 'raise the limit, or leave it out'

/** `retryAfter` in seconds. */
export const chatRate = entry({
  code: 'TOO_MANY_REQUESTS',
  reason: 'chat_rate',
  text: ({ perMinute }: { perMinute: number; retryAfter: number }) =>
    `Too many chat requests for this project: at most ${perMinute} a minute`,
  example: { perMinute: 300, retryAfter: 30 },
  retryAfter: ({ retryAfter }) => retryAfter,
})

export const tooManyChats = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many conversations are under way; try again in a few seconds',
  retryAfter: 5,
})

export const conversationTooLong = entry({
  code: 'BAD_REQUEST',
  path: 'messages',
  text: ({ quote }: Quote) =>
    `The conversation is longer than the model’s context; send less of it (${orNoReason(quote)})`,
  example: { quote: '' },
})

export const personaRefused = entry({
  code: 'UNPROCESSABLE_CONTENT',
  text: ({ quote }: Quote) => `The model refused to write this: ${orNoReason(quote)}`,
  example: { quote: '' },
})

/** For reasoning models, whose thoughts count too. */
export const limitUsedUp = entry({
  code: 'BAD_GATEWAY',
  text: `The model used its whole token limit before it wrote any text; ${RAISE_LIMIT}`,
})

export const answerCut = entry({
  code: 'BAD_GATEWAY',
  text: `The model’s answer was cut at its token limit; ${RAISE_LIMIT}`,
})

export const answerWithoutText = entry({
  code: 'BAD_GATEWAY',
  text: `The LLM provider answered without any text; ${TRY_LATER}`,
})

export const answerMalformed = entry({
  code: 'BAD_GATEWAY',
  text: `The model answered in another form than it was asked for; ${TRY_LATER}, or choose another model`,
})

// Personas as models of OpenAI's API.

export const personaModelNotFound = entry({
  code: 'NOT_FOUND',
  reason: 'model_not_found',
  path: 'model',
  text: ({ model }: { model: string }) =>
    `The project has no persona "${model}": model must be a persona’s exact name or full id, with @version if need be`,
  example: { model: 'impatient-user' },
})

export const noResponsesApi = entry({
  code: 'NOT_FOUND',
  text: 'Personas speak chat completions only: have the client send to /chat/completions, not /responses',
})
