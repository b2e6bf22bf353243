import type { FastifyInstance, FastifyReply } from 'fastify'
import { jsonLine } from '../json-text.js'
import type { Store } from '../store/store.js'

/** `/healthz` answers while the process runs, `/readyz` while the store answers too. */
export function mountHealth(app: FastifyInstance, store: Store): void {
  const config = { isOpen: true, isProbe: true }
  let pinged: Promise<void> | undefined
  const ok = (reply: FastifyReply) =>
    reply.type('application/json; charset=utf-8').send(jsonLine({ status: 'ok' }))
  app.get('/healthz', { config }, (_request, reply) => ok(reply))
  app.get('/readyz', { config }, async (_request, reply) => {
    // Its requests are not limited: all who ask meanwhile wait for one look.
    pinged ??= store.ping().finally(() => {
      pinged = undefined
    })
    await pinged
    return ok(reply)
  })
}
