import type { Server } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../api/trpc.js'
import type { ServiceError } from '../errors/error.js'
import {
  hostMissing,
  hostTwice,
  invalidTarget,
  serverBusy,
  wrongExpectation,
  wrongTransferCoding,
} from '../errors/requests.js'
import { Limit } from '../limit.js'
import type { Metrics } from '../metrics.js'
import type { Authenticate } from './auth.js'
import { openConnections } from './connections.js'
import { SECURITY_HEADERS, sendError } from './errors.js'
import { Lifetime, openRequests } from './lifetime.js'
import type { UnparsedRequest } from './server.js'

declare module 'fastify' {
  interface FastifyRequest {
    lifetime: Lifetime
    /** What its key may reach. */
    access: Access
    /** Who sent it, as limits count it: its key where it has one, its address otherwise. */
    caller: string
  }
  interface FastifyContextConfig {
    /** Whether it is answered also where too many requests are under way: it tells how the service is. */
    isProbe?: boolean
  }
}

/** Requests under way at once; beyond them 503. */
const MAX_CONCURRENT = 1_000
/** The most of them on one connection, sent without waiting for answers; beyond them 503 as well. */
const MAX_PIPELINED = 100
/** An answer that its reader has not taken this long after it began is cut, in milliseconds. */
const ANSWER_TIMEOUT = 60_000

interface RequestsOptions {
  metrics: Metrics
  authenticate: Authenticate
  /** Milliseconds in which an answer must have been taken by its reader. */
  answerTimeout?: number | undefined
}

/** What the app does with requests beside its hooks. */
export interface Requests {
  /** Answers request targets that cannot be routed at all; no hook runs for them. */
  refuseTarget(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void
  /** Records a connection that was ended before its bytes became a request. */
  onUnparsed(request: UnparsedRequest): void
}

/**
 * Begins and ends every request: its id, its place within the concurrency limit, security headers, and, once it
 * is over, a line in the log and a place in the metrics. Answers that nobody reads are cut.
 */
export function followRequests(options: RequestsOptions): Requests & { follow(app: FastifyInstance): void } {
  const { metrics, authenticate, answerTimeout = ANSWER_TIMEOUT } = options
  const concurrent = new Limit({
    name: 'requests',
    capacity: MAX_CONCURRENT,
    isShared: true,
    error: serverBusy,
  })
  metrics.limit(concurrent)
  let log: FastifyInstance['log'] | undefined

  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const lifetime = new Lifetime(request.id, request.raw, reply.raw)
    request.lifetime = lifetime
    request.access = authenticate(request.headers.authorization)
    request.caller = request.access?.key ?? request.ip
    lifetime.onOver(() => record(request, reply))
    reply.headers(SECURITY_HEADERS).header('x-request-id', request.id)
  }

  /** What is kept of a request: no word of what it said. */
  function record(request: FastifyRequest, reply: FastifyReply): void {
    const { method, id, access, lifetime } = request
    const route = request.routeOptions.url ?? 'unknown'
    const ms = reply.elapsedTime
    const { raw } = reply
    // A socket that is still its own was ended under the answer. 499, as some proxies write it.
    const isWhole = raw.writableFinished && raw.socket?.destroyed !== true
    const status = lifetime.status ?? (isWhole ? reply.statusCode : 499)
    metrics.request({ method, route, status }, ms / 1000)
    const key = access?.key
    const about = { reqId: id, method, route, status, ms: Math.round(ms * 10) / 10 }
    request.server.log.info(key === undefined ? about : { ...about, key }, 'request')
  }

  /** Cuts answers that nobody has read for too long: each holds its connection and its bytes. */
  function cutUnread(server: Server): void {
    const now = performance.now()
    for (const socket of openConnections(server)) {
      // Those behind the first may have no socket yet, and so cannot be sent.
      const [first] = openRequests(socket)
      if (first === undefined) continue
      if (first.response.writableLength === 0) first.unreadSince = undefined
      else first.unreadSince ??= now
      if (first.unreadSince !== undefined && now - first.unreadSince >= answerTimeout) socket.destroy()
    }
  }

  return {
    follow(app) {
      log = app.log
      app.decorateRequest('lifetime')
      app.decorateRequest('access')
      app.decorateRequest('caller', '')
      const sweep = setInterval(() => cutUnread(app.server), Math.min(1_000, answerTimeout / 4))
      sweep.unref()
      app.addHook('onClose', async () => clearInterval(sweep))
      app.addHook('onRequest', (request, reply, done) => {
        begin(request, reply)
        const fault = malformed(request)
        // What follows on the connection may not be what it seems.
        if (fault !== undefined) request.lifetime.endsConnection = true
        done(fault ?? admit(request))
      })
    },
    refuseTarget(_error, request, reply) {
      begin(request, reply)
      sendError(invalidTarget(), request, reply)
    },
    onUnparsed({ requestId, method, status }) {
      metrics.request({ method, route: 'unknown', status }, 0)
      log?.info({ reqId: requestId, method, route: 'unknown', status, ms: 0 }, 'request')
    },
  }

  function admit(request: FastifyRequest): ServiceError | undefined {
    const { lifetime, raw, routeOptions, caller } = request
    if (openRequests(raw.socket).length > MAX_PIPELINED) return concurrent.overloaded()
    if (routeOptions.config.isProbe === true) return undefined
    const hold = concurrent.takeIfRoom(1, caller)
    if (hold === undefined) return concurrent.overloaded()
    lifetime.onOver(hold.release)
    return undefined
  }
}

/** What no route needs to see: bytes that are HTTP, and that other parsers on the way may read in another way. */
function malformed({ raw, headers }: FastifyRequest): ServiceError | undefined {
  const { host, expect } = headers
  if (host === undefined && raw.httpVersionMinor === 1) return hostMissing()
  if (hostCount(raw.rawHeaders) > 1) return hostTwice()
  const coding = headers['transfer-encoding']
  // What does not end in it, Node refuses by itself.
  if (coding !== undefined && /,\s*chunked\s*$/i.test(coding)) return wrongTransferCoding()
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return wrongExpectation()
  return undefined
}

function hostCount(rawHeaders: string[]): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
