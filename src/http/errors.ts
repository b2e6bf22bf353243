import { STATUS_CODES } from 'node:http'
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type PublicError, publicError, ServiceError } from '../errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route takes raw pictures beside JSON. */
    takesImages?: boolean
  }
}

/** The REST error body. */
export const restError = z
  .object({
    error: z.string().meta({ description: 'The same text as message, for clients of the original API' }),
    message: z.string().meta({ description: 'What is wrong, and what to do' }),
    code: z.enum(Object.keys(TRPC_ERROR_CODES_BY_KEY) as TRPC_ERROR_CODE_KEY[]),
    reason: z.string().optional().meta({ description: 'A finer code, such as provider_quota' }),
    issues: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every field that was refused; the first gives the message' }),
    requestId: z.string().meta({ description: 'Names the request in the log' }),
  })
  .meta({ id: 'Error', description: 'Why a request was refused' })

function errorBody(
  { code, message, reason, issues }: Omit<PublicError, 'status'>,
  requestId: string,
): z.infer<typeof restError> {
  return {
    error: message,
    message,
    code,
    ...(reason !== undefined && { reason }),
    ...(issues !== undefined && { issues }),
    requestId,
  }
}

export type RawError = Pick<PublicError, 'status' | 'code' | 'message'>

/** An error answer as bytes, for a socket that no request came of. */
export function rawErrorResponse({ status, ...error }: RawError): string {
  const requestId = crypto.randomUUID()
  const body = JSON.stringify(errorBody(error, requestId))
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

/** What Fastify refuses before a handler runs, as this service says it. */
export function fromFastify(error: unknown, request: FastifyRequest): unknown {
  if (!(error instanceof Error) || error instanceof ServiceError || !('statusCode' in error)) return error
  switch (error.statusCode) {
    case 413: {
      const limit = request.routeOptions.bodyLimit / 1024 / 1024
      return new ServiceError('PAYLOAD_TOO_LARGE', `Request body must be at most ${limit} MiB`)
    }
    case 415: {
      const types = request.routeOptions.config.takesImages
        ? 'application/json or an image type'
        : 'application/json'
      return new ServiceError('UNSUPPORTED_MEDIA_TYPE', `Content-Type must be ${types}`)
    }
    case 400:
      return new ServiceError('BAD_REQUEST', 'The request is not well-formed')
    default:
      return error
  }
}

/**
 * Keeps the connection where Fastify would close it under a body that is not read: a caller that is still
 * sending would see a broken pipe and no answer (RFC 9112 §9.6). Node takes in the rest of the body, drops it,
 * and ends the request at its time limit.
 */
export function letBodyArrive(reply: FastifyReply): void {
  reply.removeHeader('connection')
}

/** Answers with an error, in REST's form, and logs the failures that are the service's own. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = publicError(fromFastify(error, request))
  letBodyArrive(reply)
  if (known.status === 500) request.log.error({ err: error, reqId: request.id }, 'request failed')
  if (known.retryAfter !== undefined) reply.header('retry-after', known.retryAfter)
  if (known.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(known.status)
    .header('x-request-id', request.id)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(known, request.id)))
}

/** One route as the table of known paths keeps it. */
interface KnownPath {
  pattern: RegExp
  methods: Set<string>
}

/**
 * Registers the answers to what no route takes: 405 with `Allow` for a known path, 404 otherwise; before the
 * body is read. Call it before the routes are registered.
 */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const paths = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const pattern = new RegExp(
      `^${url.replaceAll(/:[A-Za-z]+(\([^)]*\))?/g, '[^/]+').replaceAll('.', '\\.')}/?$`,
    )
    const known = paths.get(url) ?? { pattern, methods: new Set() }
    for (const each of [method].flat()) known.methods.add(each)
    paths.set(url, known)
  })
  app.addHook('onRequest', (request, reply, done) => {
    done(refusal(request, reply))
  })

  function refusal(request: FastifyRequest, reply: FastifyReply): ServiceError | undefined {
    if (request.raw.httpVersionMinor === 1 && request.headers.host === undefined) {
      return new ServiceError('BAD_REQUEST', 'The Host header is required (RFC 9112 §3.2)')
    }
    if (!request.is404) return undefined
    const path = request.url.split('?', 1)[0] ?? ''
    const matching = [...paths.values()].filter(({ pattern }) => pattern.test(path))
    if (matching.length === 0) return new ServiceError('NOT_FOUND', 'There is nothing at this path')
    const allowed = [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort().join(', ')
    reply.header('allow', allowed)
    return new ServiceError('METHOD_NOT_SUPPORTED', `This path takes ${allowed} only`)
  }
}

/** What keeps browsers careful with any answer. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, no-cache',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/** Answers to request targets that cannot be routed at all; no hook runs for them. */
export function refuseTarget(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(SAFE_HEADERS)
  sendError(new ServiceError('BAD_REQUEST', 'The request target is not a valid path'), request, reply)
}
