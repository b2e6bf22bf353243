import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.js'
import type { Metrics } from '../metrics.js'

/** Shows the metrics at `/metrics`, to callers with a general key where keys are set. */
export function mountMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', async ({ access }, reply) => {
    if (access === undefined) throw new ServiceError('UNAUTHORIZED', 'Metrics need an API key')
    if (access.projectId !== undefined) {
      throw new ServiceError('FORBIDDEN', 'Metrics need an API key that is not limited to one project')
    }
    const { contentType, body } = await metrics.text()
    return reply.type(contentType).send(body)
  })
}
