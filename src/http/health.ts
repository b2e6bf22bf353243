import type { FastifyInstance } from 'fastify'
import type { Store } from '../store/store.js'

/** `/healthz` answers while the process runs, `/readyz` while the store answers too. */
export function mountHealth(app: FastifyInstance, store: Store): void {
  const config = { isOpen: true }
  app.get('/healthz', { config }, async () => ({ status: 'ok' }))
  app.get('/readyz', { config }, async () => {
    await store.ping()
    return { status: 'ok' }
  })
}
