import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Store } from '../store/store.js'
import { jsonLine } from './errors.js'

/** `/healthz` answers while the process runs, `/readyz` while the store answers too. */
export function mountHealth(app: FastifyInstance, store: Store): void {
  const config = { isOpen: true }
  const ok = (reply: FastifyReply) =>
    reply.type('application/json; charset=utf-8').send(jsonLine({ status: 'ok' }))
  app.get('/healthz', { config }, (_request, reply) => ok(reply))
  app.get('/readyz', { config }, async (_request, reply) => {
    await store.ping()
    return ok(reply)
  })
}
