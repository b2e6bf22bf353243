import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { requestTooSlow, tooManyLargeRequests } from '../errors/requests.js'
import { type Hold, Limit } from '../limit.js'
import { sendError } from './errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** What its body takes of the limit, where it is large. */
    bodyHold?: Hold
  }
}

/** Bytes of large bodies that are received and worked on at once: each is held in several copies. */
const CAPACITY = 32 * 1024 * 1024
/** Bodies up to this size, in bytes, are not counted: as many of them as there may be requests take 64 MiB. */
const SMALL = 64 * 1024
/** How long a large body may take to arrive, in milliseconds, while others wait for its place. */
const MAX_ARRIVAL = 8_000

/** The limit on large bodies: a burst of them waits in its senders' sockets, not in this process's memory. */
export function bodyLimit(): Limit {
  return new Limit({
    name: 'bodies',
    capacity: CAPACITY,
    isShared: true,
    // Their bodies have to arrive in time too.
    maxWaiting: 200,
    maxWaitMs: 20_000,
    error: tooManyLargeRequests,
  })
}

/** What a body takes: its length as announced, or the most that it may be; 0 for one that is not counted. */
function costOf({ headers, routeOptions }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return routeOptions.bodyLimit
  const announced = Number(headers['content-length'] ?? 0)
  // One that is too large is refused unread.
  return announced <= SMALL || announced > routeOptions.bodyLimit ? 0 : announced
}

/**
 * An `onRequest` hook that lets large bodies in within a limit, before they are read. It fails with
 * SERVICE_UNAVAILABLE for one that would wait too long; one that arrives slowly is cut with 408 while others wait.
 */
export function admitBodies(limit: Limit): onRequestHookHandler {
  /** Cuts a body that keeps others waiting. */
  function watchArrival(request: FastifyRequest, reply: FastifyReply): void {
    const arrival = setInterval(() => {
      if (limit.waiting === 0) return
      clearInterval(arrival)
      // The rest of it is not waited for.
      request.lifetime.endsConnection = true
      sendError(requestTooSlow(), request, reply)
    }, MAX_ARRIVAL)
    request.raw.once('end', () => clearInterval(arrival))
    request.lifetime.onOver(() => clearInterval(arrival))
  }

  return (request, reply, done) => {
    const cost = costOf(request)
    if (cost === 0) return done()
    const { lifetime, caller } = request
    limit.take(cost, { caller, signal: lifetime.signal }).then(
      (hold) => {
        request.bodyHold = hold
        lifetime.onOver(hold.release)
        watchArrival(request, reply)
        done()
      },
      (error) => done(error),
    )
  }
}
