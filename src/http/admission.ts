import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.js'
import { UPLOAD_LIMIT } from '../images/procedures.js'
import { Limit } from '../limit.js'
import { sendError } from './errors.js'

/** Bytes of uploads that are received and worked on at once: each is held in several copies. */
const CAPACITY = 32 * 1024 * 1024
/** What a small upload counts for at least, in bytes. */
const LEAST = 64 * 1024
/** Uploads that wait for their turn, and how long, in milliseconds: their bodies have to arrive in time too. */
const MAX_WAITING = 200
const MAX_WAIT = 20_000
/** How long a body may take to arrive, in milliseconds, while others wait for its place. */
const MAX_ARRIVAL = 8_000

/** An `onRequest` hook. */
export type Admit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

function overloaded(): ServiceError {
  return new ServiceError(
    'SERVICE_UNAVAILABLE',
    'Too many uploads are under way; try again in a few seconds',
    {
      reason: 'overloaded',
      retryAfter: 5,
    },
  )
}

/** What an upload takes of the capacity: its length as announced, or the most that it may be. */
function costOf(request: FastifyRequest): number {
  const announced = Number(request.headers['content-length'] ?? UPLOAD_LIMIT)
  return Math.min(Math.max(announced, LEAST), UPLOAD_LIMIT)
}

/**
 * Lets uploads of so many bytes in at once, before their bodies are read: a burst waits in its senders' sockets
 * and not in this process's memory. The hook throws SERVICE_UNAVAILABLE for one that would wait too long; one
 * whose body dribbles is cut with 408 while others wait.
 */
export function uploadAdmission(): Admit {
  const limit = new Limit({
    name: 'uploads',
    capacity: CAPACITY,
    message: 'Too many uploads are under way; try again in a few seconds',
    retryAfter: 5,
  })
  let waiting = 0

  /** Holds a place until the request is answered, or its sender is gone. */
  function occupy(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const arrival = setInterval(() => {
      if (waiting === 0) return
      clearInterval(arrival)
      const message = 'The upload arrived too slowly while others waited; try again later'
      // The rest of it is not waited for.
      reply.raw.shouldKeepAlive = false
      sendError(new ServiceError('TIMEOUT', message), request, reply)
    }, MAX_ARRIVAL)
    request.raw.once('end', () => clearInterval(arrival))
    return new Promise((done) => {
      const end = () => {
        clearInterval(arrival)
        done()
      }
      if (reply.raw.closed) end()
      else reply.raw.once('close', end)
    })
  }

  return async (request, reply) => {
    if (waiting >= MAX_WAITING) throw overloaded()
    waiting += 1
    await new Promise<void>((admitted, refused) => {
      let gone = false
      const timer = setTimeout(() => {
        gone = true
        refused(overloaded())
      }, MAX_WAIT)
      void limit.run(costOf(request), async () => {
        if (gone) return
        clearTimeout(timer)
        admitted()
        await occupy(request, reply)
      })
    }).finally(() => {
      waiting -= 1
    })
  }
}
