import { entry } from './error.js'

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
