import { resolveResponse } from '@trpc/server/http'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { publicError } from '../errors.js'
import { UPLOAD_LIMIT } from '../images/procedures.js'
import { appRouter } from '../router.js'
import { type Context, unauthorized } from '../trpc.js'
import { acceptJson } from './body.js'
import { fromFastify, letBodyArrive } from './errors.js'
import type { Mounting } from './rest.js'

/** Calls in one batch, at most. */
const MAX_BATCH = 100

/** What is refused before tRPC sees it, in tRPC's form. */
function sendTrpcError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message, code, ...rest } = publicError(fromFastify(error, request))
  if (status === 500) request.log.error({ err: error, reqId: request.id }, 'request failed')
  letBodyArrive(reply)
  const data = { code, httpStatus: status, ...rest, requestId: request.id }
  if (rest.retryAfter !== undefined) reply.header('retry-after', rest.retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).send({ error: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } })
}

/**
 * A Fastify request as what tRPC reads of a web Request whose body, if any, is JSON. A real one takes longer to
 * make than a call to answer. Its signal never fires: no operation of ours is given up half done.
 */
function webRequest({ raw, method, headers, body }: FastifyRequest): Request {
  const get = (name: string) => {
    const value = headers[name]
    return value === undefined ? null : String(value)
  }
  const { url = '' } = raw
  const query = url.indexOf('?')
  return {
    // Of the URL it reads the query alone.
    url: query === -1 ? 'http://localhost/' : `http://localhost/${url.slice(query)}`,
    method,
    headers: { get, has: (name: string) => headers[name] !== undefined },
    signal: new AbortController().signal,
    text: async () => body ?? '',
  } as unknown as Request
}

/** Serves the router at `/trpc` as tRPC's adapters do. */
export function mountTrpc(scope: FastifyInstance, { services, accessOf, admitUpload }: Mounting): void {
  // tRPC parses the text itself, call by call.
  acceptJson(scope, 'text')
  // Before the body is read, and before a place among the uploads is taken; what the key reaches, each call decides.
  scope.addHook('onRequest', async (request) => {
    if (accessOf(request) === undefined) throw unauthorized()
  })
  scope.setErrorHandler(sendTrpcError)

  async function handler(request: FastifyRequest<{ Params: { path: string } }>, reply: FastifyReply) {
    const context: Context = { ...services, access: accessOf(request), requestId: request.id }
    const response = await resolveResponse({
      router: appRouter,
      req: webRequest(request),
      path: request.params.path,
      error: null,
      maxBatchSize: MAX_BATCH,
      createContext: async () => context,
      onError({ error, path }) {
        if (publicError(error).status === 500) {
          request.log.error({ err: error, reqId: request.id, path }, 'call failed')
        }
      },
      responseMeta({ errors, ctx }) {
        if (errors.length === 0) return {}
        const headers = new Headers()
        // tRPC gives no type to what it refuses before there is a context.
        if (ctx === undefined) headers.set('content-type', 'application/json')
        if (errors.some(({ code }) => code === 'UNAUTHORIZED')) headers.set('www-authenticate', 'Bearer')
        const waits = errors.flatMap((error) => publicError(error).retryAfter ?? [])
        if (waits.length > 0) headers.set('retry-after', String(Math.max(...waits)))
        return { headers }
      },
    })
    return reply.send(response)
  }

  const method = ['GET', 'POST']
  scope.route({ method, url: '/trpc/:path', handler })
  // A batch with an upload in it may be as large as an upload.
  scope.route({
    method,
    url: '/trpc/:path(^.*images\\.upload.*$)',
    bodyLimit: UPLOAD_LIMIT,
    onRequest: admitUpload,
    handler,
  })
}
