import { entry } from './error.js'

export const unexpected = entry({
  code: 'INTERNAL_SERVER_ERROR',
  text: 'Something went wrong here; the log has it under this request id',
})

/** For an input whose schema says nothing. */
export const invalidInput = entry({ code: 'BAD_REQUEST', text: 'The input is not valid' })

// What is asked for.

export const nothingHere = entry({ code: 'NOT_FOUND', text: 'There is nothing at this path' })

/** `allowed` are the methods, as `Allow` lists them. */
export const methodNotSupported = entry({
  code: 'METHOD_NOT_SUPPORTED',
  text: ({ allowed }: { allowed: string }) => `This path takes ${allowed} only`,
  example: { allowed: 'GET, HEAD, POST' },
})

export const connectNotSupported = entry({
  code: 'METHOD_NOT_SUPPORTED',
  text: 'CONNECT is not supported',
})

export const batchTooLarge = entry({
  code: 'BAD_REQUEST',
  text: ({ max }: { max: number }) => `A batch is at most ${max} calls`,
  example: { max: 100 },
})

// HTTP that other parsers on the way may read in another way, or that is none.

export const notHttp = entry({ code: 'BAD_REQUEST', text: 'The request is not well-formed HTTP' })

export const malformedRequest = entry({ code: 'BAD_REQUEST', text: 'The request is not well-formed' })

export const invalidTarget = entry({
  code: 'BAD_REQUEST',
  text: 'The request target is not a valid path',
})

export const hostMissing = entry({
  code: 'BAD_REQUEST',
  text: 'The Host header is required (RFC 9112 §3.2)',
})

export const hostTwice = entry({
  code: 'BAD_REQUEST',
  text: 'There must be one Host header only (RFC 9112 §3.2)',
})

export const wrongTransferCoding = entry({
  code: 'BAD_REQUEST',
  text: 'Transfer-Encoding may be chunked only',
})

export const wrongExpectation = entry({
  code: 'BAD_REQUEST',
  status: 417,
  text: 'Expect may be 100-continue only',
})

export const headersTooLarge = entry({
  code: 'BAD_REQUEST',
  status: 431,
  text: 'URL and headers must take at most 16 KiB together',
})

export const requestTimedOut = entry({
  code: 'TIMEOUT',
  text: 'The request was not received whole within 30 seconds',
})

/** For a body that arrives slowly while others wait for its place. */
export const requestTooSlow = entry({
  code: 'TIMEOUT',
  text: 'The request arrived too slowly while others waited; try again later',
})

// Bodies.

export const bodyTooLarge = entry({
  code: 'PAYLOAD_TOO_LARGE',
  text: ({ mib }: { mib: number }) => `Request body must be at most ${mib} MiB`,
  example: { mib: 1 },
})

/** `types` are those that the route takes, where that is not JSON alone. */
export const wrongContentType = entry({
  code: 'UNSUPPORTED_MEDIA_TYPE',
  text: ({ types = 'application/json' }: { types?: string | undefined }) => `Content-Type must be ${types}`,
  example: {},
})

export const wrongContentEncoding = entry({
  code: 'UNSUPPORTED_MEDIA_TYPE',
  text: 'Content-Encoding must be identity: send the body as it is',
})

export const bodyNotUtf8 = entry({ code: 'BAD_REQUEST', text: 'Request body is not valid UTF-8' })

export const bodyNotJson = entry({ code: 'BAD_REQUEST', text: 'Request body is not valid JSON' })

export const bodyNotObject = entry({ code: 'BAD_REQUEST', text: 'Request body must be a JSON object' })

export const bodyTooDeep = entry({
  code: 'BAD_REQUEST',
  text: ({ max }: { max: number }) => `Request body is nested deeper than ${max} levels`,
  example: { max: 64 },
})

export const bodyOfTooManyValues = entry({
  code: 'BAD_REQUEST',
  text: ({ max }: { max: number }) => `Request body holds more than ${max.toLocaleString('en-US')} values`,
  example: { max: 20_000 },
})

// What is too much at once.

export const serverBusy = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many requests are under way; try again in a second',
  retryAfter: 1,
})

export const tooManyLargeRequests = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many large requests are under way; try again in a few seconds',
  retryAfter: 5,
})

export const tooManyLargeAnswers = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many large answers are under way; try again in a few seconds, or ask for pages',
  retryAfter: 5,
})
