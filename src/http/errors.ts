import { STATUS_CODES } from 'node:http'
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ServiceError } from '../errors/error.js'
import { type PublicError, publicError } from '../errors/public.js'
import {
  bodyNotJson,
  bodyTooLarge,
  malformedRequest,
  methodNotSupported,
  nothingHere,
  wrongContentType,
} from '../errors/requests.js'
import { jsonLine } from '../json-text.js'
import { isOpenAiPath, openAiErrorBody, openAiErrorHeaders } from './openai-errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What `Content-Type` must be, as the 415 says it; `application/json` without it. */
    contentTypes?: string
  }
}

/** Security headers of every answer. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, no-cache',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

const errorCode = z
  .enum(Object.keys(TRPC_ERROR_CODES_BY_KEY) as TRPC_ERROR_CODE_KEY[])
  .meta({ id: 'ErrorCode', description: 'What kind of error it is' })

const issue = z
  .object({
    path: z.string().meta({ description: 'The field, such as headers.X-A' }),
    message: z.string().meta({ description: 'What is allowed there' }),
  })
  .meta({
    id: 'Issue',
    description: 'One thing that is wrong with the input',
    // The document's generator closes what is answered, and then makes two schemas of this one.
    override: { additionalProperties: undefined },
  })

/** The REST error body. */
export const restError = z
  .object({
    error: z.string().meta({ description: 'The same text as message, for clients of the original API' }),
    message: z.string().meta({ description: 'What is wrong, and what to do' }),
    code: errorCode,
    reason: z.string().optional().meta({ description: 'A finer code, such as provider_quota' }),
    issues: z
      .array(issue)
      .optional()
      .meta({ description: 'What is wrong with the input, 20 at most; the first gives the message' }),
    requestId: z.string().meta({ description: 'Names the request in the log' }),
  })
  .meta({ id: 'ApiError', description: 'Why a request failed' })

/** What a REST error holds. */
export function errorBody(
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

/** What an error of tRPC holds, beside its message and number. */
function trpcErrorBody({ message, ...rest }: PublicError, requestId: string) {
  const { code, status: httpStatus, ...details } = rest
  const data = { code, httpStatus, ...details, requestId }
  return { error: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } }
}

/** The body of an error outside of tRPC: REST's, or that of OpenAI's API where it is spoken. */
function plainBody(error: PublicError, { id, path }: { id: string; path: string }): object {
  return isOpenAiPath(path) ? openAiErrorBody(error) : errorBody(error, id)
}

/** An error answer as bytes, for a connection whose request could not be parsed or did not arrive whole. */
export function rawErrorResponse(thrown: ServiceError, { id, path }: { id: string; path: string }): string {
  const error = publicError(thrown)
  const body = path.startsWith('/trpc/')
    ? JSON.stringify(trpcErrorBody(error, id))
    : jsonLine(plainBody(error, { id, path }))
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

/** What Fastify refuses before a handler runs, as this service says it. */
function fromFastify(error: unknown, request: FastifyRequest): unknown {
  if (!(error instanceof Error) || error instanceof ServiceError || !('statusCode' in error)) return error
  switch (error.statusCode) {
    case 413:
      return bodyTooLarge({ mib: request.routeOptions.bodyLimit / 1024 / 1024 })
    case 415:
      return wrongContentType({ types: request.routeOptions.config.contentTypes })
    case 400:
      return malformedRequest()
    default:
      return error
  }
}

/**
 * Keeps the connection where Fastify, or Node for a caller that asked for it, would close it under a body that is not
 * read: a caller that is still sending would see a broken pipe and no answer (RFC 9112 §9.6). Node takes in the rest of
 * the body, drops it, and ends the request at its time limit.
 */
function letBodyArrive({ raw, headers, lifetime }: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection')
  if (lifetime.endsConnection) {
    reply.raw.shouldKeepAlive = false
    return
  }
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (reply.raw.shouldKeepAlive || !hasBody || raw.complete) return
  reply.raw.shouldKeepAlive = true
  raw.once('end', () => raw.socket.destroySoon())
}

/** The first line of a text, at most 200 characters of it. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200)
}

/** What identifies the causes of an error, outermost first: names, codes and first lines, never a whole object. */
function causesOf(error: Error): Record<string, unknown>[] {
  const causes: Record<string, unknown>[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const { name, message } = cause
    const shown: Record<string, unknown> = { name, ...(message !== '' && { message: firstLine(message) }) }
    for (const key of ['code', 'status', 'type', 'requestID', 'limit'] as const) {
      const value = key in cause ? Reflect.get(cause, key) : undefined
      if (typeof value === 'string' || typeof value === 'number') shown[key] = value
    }
    causes.push(shown)
  }
  return causes
}

/** Whether a request ended because its caller had left. */
function isOfLeaving({ lifetime }: FastifyRequest, error: unknown): boolean {
  if (!lifetime.gone) return false
  const { reason } = lifetime.signal
  return error === reason || (error instanceof Error && error.cause === reason)
}

/** Logs the failures that are the service's own or its provider's, with what caused them. */
export function logFailure(request: FastifyRequest, error: unknown, { status, reason }: PublicError): void {
  if (status < 500 || isOfLeaving(request, error)) return
  const about = { reqId: request.id, status, ...(reason !== undefined && { reason }) }
  // An expected error is logged by what identifies it, any other with its stack.
  if (!(error instanceof ServiceError)) request.log.error({ ...about, err: error }, 'request failed')
  else request.log.warn({ ...about, error: error.message, causes: causesOf(error) }, 'request failed')
}

/** The headers of an error answer, in either interface. */
function errorHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, retryAfter }: PublicError,
): void {
  letBodyArrive(request, reply)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
}

/** Answers with an error, in REST's form, or that of OpenAI's API where it is spoken. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const given = fromFastify(error, request)
  const known = publicError(given)
  logFailure(request, given, known)
  errorHeaders(request, reply, known)
  const { id } = request
  const path = pathOf(request)
  if (isOpenAiPath(path)) reply.headers(openAiErrorHeaders(known))
  return reply
    .code(known.status)
    .header('x-request-id', id)
    .type('application/json; charset=utf-8')
    .send(jsonLine(plainBody(known, { id, path })))
}

/** Answers with an error, in tRPC's form. */
export function sendTrpcError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const given = fromFastify(error, request)
  const known = publicError(given)
  logFailure(request, given, known)
  errorHeaders(request, reply, known)
  return reply.code(known.status).send(trpcErrorBody(known, request.id))
}

/** The number of an error of JSON-RPC 2.0 that is no answer to a message. */
function jsonRpcCode({ status, message }: PublicError): number {
  if (message === bodyNotJson().message) return -32700
  if (status >= 500) return -32603
  return status === 400 ? -32600 : -32000
}

/** Answers with an error in the form of JSON-RPC, which MCP speaks. */
export function sendMcpError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const given = fromFastify(error, request)
  const known = publicError(given)
  logFailure(request, given, known)
  errorHeaders(request, reply, known)
  const { message, ...details } = known
  const data = { ...details, requestId: request.id }
  const body = { jsonrpc: '2.0', id: null, error: { code: jsonRpcCode(known), message, data } }
  return reply.code(known.status).type('application/json; charset=utf-8').send(jsonLine(body))
}

/** The path of a request's target, which may be absolute (RFC 9112 §3.2.2), as it was sent. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '')
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}

/** Whether one set has all of another. */
function covers(one: Set<string>, other: Set<string>): boolean {
  return [...other].every((each) => one.has(each))
}

/** One route as the table of known paths keeps it. */
interface KnownPath {
  pattern: RegExp
  methods: Set<string>
  /** How many of its segments are parameters. */
  parameters: number
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
    const known = paths.get(url) ?? { pattern, methods: new Set(), parameters: url.split(':').length - 1 }
    for (const each of [method].flat()) known.methods.add(each)
    paths.set(url, known)
  })
  app.addHook('onRequest', (request, reply, done) => {
    // Preflights are answered by then; no route takes another OPTIONS.
    const isUnknown = request.is404 || request.method === 'OPTIONS' || isOfAnother(request)
    done(isUnknown ? unknownRoute(request, reply) : undefined)
  })

  /** Paths that a route's parameter takes as well, and that do not take every method of it: `…/images/file`. */
  const within = new Map<string, KnownPath[]>()
  app.addHook('onReady', async () => {
    for (const [url, { pattern, methods, parameters }] of paths) {
      const others = [...paths].filter(
        ([other, known]) =>
          known.parameters < parameters && pattern.test(other) && !covers(known.methods, methods),
      )
      if (others.length > 0)
        within.set(
          url,
          others.map(([, known]) => known),
        )
    }
  })

  /** Whether a route took a request by a parameter that is for a path of its own, which does not take the method. */
  function isOfAnother(request: FastifyRequest): boolean {
    const others = within.get(request.routeOptions.url ?? '')
    if (others === undefined) return false
    const path = pathOf(request)
    return others.some(({ pattern, methods }) => pattern.test(path) && !methods.has(request.method))
  }

  function unknownRoute(request: FastifyRequest, reply: FastifyReply): ServiceError {
    const path = pathOf(request)
    const [known] = [...paths.values()]
      .filter(({ pattern }) => pattern.test(path))
      .sort((a, b) => a.parameters - b.parameters)
    if (known === undefined) return nothingHere()
    const allowed = [...known.methods].sort().join(', ')
    reply.header('allow', allowed)
    return methodNotSupported({ allowed })
  }
}
