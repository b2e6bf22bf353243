import { Readable } from 'node:stream'
import { resolveResponse } from '@trpc/server/http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { UPLOAD_LIMIT } from '../api/images.js'
import { inputOf, operations } from '../api/operations.js'
import { appRouter } from '../api/router.js'
import type { Context } from '../api/trpc.js'
import { unauthorized } from '../errors/access.js'
import { publicError } from '../errors/public.js'
import { batchTooLarge } from '../errors/requests.js'
import { JSON_LIMITS } from '../files/json.js'
import { MAX_FILE_BYTES } from '../files/row.js'
import { unknownInput } from '../unknown.js'
import { Answer } from './answers.js'
import { admitBodies } from './bodies.js'
import { acceptJson, ignoreTypeOfNothing } from './body.js'
import { logFailure, pathOf, sendTrpcError } from './errors.js'
import { admitImport } from './files.js'
import { readPreferences } from './preferences.js'
import type { Mounting } from './rest.js'

/** Calls in one batch, at most. */
const MAX_BATCH = 100

/** The procedures that take long, by their paths. */
const LONG = new Set(operations().flatMap(({ path, rest }) => (rest.takesLong === true ? [path] : [])))

/**
 * A Fastify request as what tRPC reads of a web Request whose body, if any, is JSON. A real one takes longer to
 * make than a call to answer.
 */
function webRequest({ raw, method, headers, body, lifetime }: FastifyRequest): Request {
  const get = (name: string) => {
    // Other bodies were refused, and an empty one has no type.
    if (name === 'content-type') return 'application/json'
    // Answers are plain JSON: as a stream of lines (`application/jsonl`), tRPC takes each list apart, value by value.
    if (name === 'trpc-accept' || name === 'accept') return null
    const value = headers[name]
    return value === undefined ? null : String(value)
  }
  const { url = '' } = raw
  const query = url.indexOf('?')
  return {
    // Of the URL it reads the query alone.
    url: query === -1 ? 'http://localhost/' : `http://localhost/${url.slice(query)}`,
    // It answers HEAD with nothing; Fastify sends the headers of the answer to GET.
    method: method === 'HEAD' ? 'GET' : method,
    headers: { get, has: (name: string) => get(name) !== null },
    signal: lifetime.signal,
    text: async () => body ?? '',
  } as unknown as Request
}

/** The procedures that a URL names, still percent-encoded: tRPC decodes them, and nothing else may before. */
function procedurePath(request: FastifyRequest): string {
  return pathOf(request).slice('/trpc/'.length).replace(/\/$/, '')
}

/** Serves the router at `/trpc` as tRPC's adapters do. */
export function mountTrpc(scope: FastifyInstance, mounting: Mounting): void {
  const { services, bodies, answers, files } = mounting
  // tRPC parses the text itself, call by call.
  acceptJson(scope)
  // Before the body is read, and before a place among the large ones is taken; what the key reaches, each call decides.
  scope.addHook('onRequest', (request, _reply, done) => {
    done(request.access === undefined ? unauthorized() : undefined)
  })
  scope.addHook('onRequest', ignoreTypeOfNothing)
  scope.addHook('onRequest', readPreferences)
  scope.addHook('onRequest', admitBodies(bodies))
  scope.setErrorHandler(sendTrpcError)

  async function handler(request: FastifyRequest, reply: FastifyReply) {
    const { access, id: requestId } = request
    const path = procedurePath(request)
    const calls = path.split(/,|%2c/i)
    if (calls.length > MAX_BATCH) throw batchTooLarge({ max: MAX_BATCH })
    const answer = new Answer(answers, request)
    const brief = calls.filter((name) => !LONG.has(name))
    await answer.begin(brief.length, { isBatch: calls.length > 1 })
    const unknown: Context['unknown'] = request.isStrict
      ? (name, input) => unknownInput(inputOf(name), input)
      : undefined
    const context: Context = { services, access, requestId, lists: answer, unknown }
    const resolve = () =>
      resolveResponse({
        router: appRouter,
        req: webRequest(request),
        path,
        error: null,
        createContext: async () => context,
        onError({ error }) {
          logFailure(request, error, publicError(error))
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
    // The work alone: a reply that is awaited ends with its sending, which for a pipelined one may never come.
    const response = await request.lifetime.during(resolve)
    const varied = reply.getHeader('vary')
    if (varied !== undefined) response.headers.append('vary', String(varied))
    const pieces = answer.withLists(Buffer.from(await response.arrayBuffer()))
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    answer.made(length)
    for (const [name, value] of response.headers) reply.header(name, value)
    reply.code(response.status).header('content-length', length)
    return reply.send(pieces.length === 1 || request.method === 'HEAD' ? pieces[0] : Readable.from(pieces))
  }

  const method = ['GET', 'POST']
  scope.route({ method, url: '/trpc/:path', handler })
  // An upload beyond the usual limit has a request of its own.
  scope.route({ method, url: '/trpc/images.upload', bodyLimit: UPLOAD_LIMIT, handler })
  // And so has an import.
  scope.route({
    method,
    url: '/trpc/personas.import',
    bodyLimit: MAX_FILE_BYTES,
    config: { maxValues: JSON_LIMITS.maxValues },
    preHandler: admitImport(files.imports),
    handler,
  })
}
