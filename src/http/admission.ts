import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.js'
import { gate } from '../images/gate.js'

/** Uploads that are read and worked on at once: each holds several copies of its body. */
const AT_ONCE = 2
/** Uploads that wait for their turn, and how long, in milliseconds: their bodies have to arrive in time too. */
const MAX_WAITING = 200
const MAX_WAIT = 20_000

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

/**
 * Lets few uploads in at once, before their bodies are read: a burst waits in its senders' sockets and not in
 * this process's memory. The hook throws SERVICE_UNAVAILABLE for one that would wait too long.
 */
export function uploadAdmission(): Admit {
  const enter = gate(AT_ONCE)
  let waiting = 0
  return async (_request, reply) => {
    if (waiting >= MAX_WAITING) throw overloaded()
    waiting += 1
    await new Promise<void>((admitted, refused) => {
      let gone = false
      const timer = setTimeout(() => {
        gone = true
        refused(overloaded())
      }, MAX_WAIT)
      void enter(1, async () => {
        if (gone) return
        clearTimeout(timer)
        admitted()
        // Until it is answered, or its sender is gone.
        await new Promise<void>((done) => {
          if (reply.raw.closed) done()
          else reply.raw.once('close', () => done())
        })
      })
    }).finally(() => {
      waiting -= 1
    })
  }
}
