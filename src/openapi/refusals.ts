import { STATUS_CODES } from 'node:http'
import type { oas31 } from 'zod-openapi'
import { header } from './headers.js'

/** Refusals that operations have in common, as their messages read. */
const COMMON = {
  400: 'projectId must have 1 to 128 characters',
  401: 'A valid API key is needed: send it as "Authorization: Bearer <key>"',
  403: [
    'This API key opens another project only',
    'Origin is not the service’s own; if a page or a proxy of yours sent it, name its origin in CORS_ORIGINS',
  ],
  408: 'The request was not received whole within 30 seconds',
  413: 'Request body must be at most 1 MiB',
  415: 'Content-Type must be application/json',
  431: 'URL and headers must take at most 16 KiB together',
  500: 'Something went wrong here; the log has it under this request id',
  503: [
    'The database does not answer; try again in a few seconds',
    'Too many requests are under way; try again in a second',
    'Too many large answers are under way; try again in a few seconds, or ask for pages',
  ],
} as const
type CommonStatus = keyof typeof COMMON

/** What can befall any request: before it is routed, or for all that is under way. */
const ANY: CommonStatus[] = [408, 431, 503]
const MALFORMED = 'The Host header is required (RFC 9112 §3.2)'

const CODES: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CONFLICT',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  431: 'BAD_REQUEST',
  500: 'INTERNAL_SERVER_ERROR',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
}

/** The finer codes that stand beside these messages, by how they begin. */
const REASONS: [start: string, reason: string][] = [
  ['Too many portraits for', 'portrait_rate'],
  ['Too many portraits are', 'overloaded'],
  ['Too many pictures are', 'overloaded'],
  ['The service is stopping', 'stopping'],
  ['Too many requests are under way', 'overloaded'],
  ['Too many large', 'overloaded'],
  ['Origin is not', 'origin_refused'],
  ['The image provider account', 'provider_quota'],
  ['The image provider is overloaded', 'provider_overloaded'],
  ['The image provider serves none', 'provider_misconfigured'],
  ['The stored API key can no longer', 'key_unreadable'],
]

/** The particular refusals of an operation by status, as their messages read. */
export type Refusals = Record<number, string | readonly string[]>

export interface Refusable {
  refusals: Refusals
  /** Names of the input's fields: a message that begins with one is an issue of that field. */
  fields: readonly string[]
}

function exampleOf(message: string, status: number, fields: readonly string[]) {
  // Messages name the field as it is sent, but for this one of the original API.
  const path = message.split(' ', 1)[0]?.replace('Name', 'name') ?? ''
  const reason = REASONS.find(([start]) => message.startsWith(start))?.[1]
  return {
    error: message,
    message,
    code: CODES[status],
    ...(reason !== undefined && { reason }),
    ...(fields.includes(path.split('.', 1)[0] ?? '') && { issues: [{ path, message }] }),
    requestId: 'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4',
  }
}

function nameOf(message: string): string {
  return message
    .split(/[^A-Za-z0-9]+/)
    .slice(0, 6)
    .join('-')
}

function refusal(status: number, messages: readonly string[], fields: readonly string[]) {
  const named = messages.map(
    (message) => [nameOf(message), { value: exampleOf(message, status, fields) }] as const,
  )
  const [only, ...others] = named
  return {
    description: STATUS_CODES[status] ?? 'Refused',
    headers: {
      'X-Request-Id': header('X-Request-Id'),
      ...((status === 429 || status === 503) && { 'Retry-After': header('Retry-After') }),
      ...(status === 401 && { 'WWW-Authenticate': header('WWW-Authenticate') }),
    },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        ...(others.length === 0 ? { example: only?.[1].value } : { examples: Object.fromEntries(named) }),
      },
    },
  }
}

/** What a status is called as part of a component's name. */
export function statusName(status: number | string): string {
  return (STATUS_CODES[status] ?? '').replaceAll(/[^A-Za-z]/g, '')
}

/** The responses that operations have in common, as components. */
export function commonResponses(): Record<string, oas31.ResponseObject> {
  const responses = Object.entries(COMMON).map(
    ([status, messages]) =>
      [statusName(status), refusal(Number(status), [messages].flat(), ['projectId'])] as const,
  )
  return { ...Object.fromEntries(responses), MalformedRequest: refusal(400, [MALFORMED], []) }
}

const shared = (name: string): oas31.ReferenceObject => ({ $ref: `#/components/responses/${name}` })

/** Responses of any route: to requests that are not well-formed, too slow, too large or too many. */
export function refusalsOfAny({ refusals, fields }: Refusable): oas31.ResponsesObject {
  return {
    400: shared('MalformedRequest'),
    ...Object.fromEntries(ANY.map((status) => [status, shared(statusName(status))])),
    ...own({ refusals, fields }),
  }
}

function own({ refusals, fields }: Refusable) {
  return Object.fromEntries(
    Object.entries(refusals).map(([status, messages]) => [
      status,
      refusal(Number(status), [messages].flat(), fields),
    ]),
  )
}

/** Every refusal of an operation by status: its own before those in common. */
export function refusalsOf(operation: Refusable & { readsBody: boolean }): oas31.ResponsesObject {
  const inProject = operation.fields.includes('projectId')
  const common: CommonStatus[] = [401, 403, 500]
  if (inProject) common.push(400)
  if (operation.readsBody) common.push(413, 415)
  return {
    ...refusalsOfAny({ refusals: {}, fields: [] }),
    ...Object.fromEntries(common.map((status) => [status, shared(statusName(status))])),
    ...own(operation),
  }
}
