import type { FastifyInstance } from 'fastify'
import { metricsNeedGeneralKey, metricsNeedKey } from '../errors/access.js'
import type { Metrics } from '../metrics.js'

/** Shows the metrics at `/metrics`, to callers with a general key where keys are set. */
export function mountMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', { config: { isProbe: true } }, async ({ access }, reply) => {
    if (access === undefined) throw metricsNeedKey()
    if (access.projectId !== undefined) throw metricsNeedGeneralKey()
    const { contentType, body } = await metrics.text()
    return reply.type(contentType).send(body)
  })
}
