import type { FastifyInstance, FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { ServiceError } from '../errors.js'
import type { Access } from '../trpc.js'

// Of the process, however many apps it runs.
const processMetrics = new Registry()
collectDefaultMetrics({ register: processMetrics })

/** Counts and times requests by route pattern, and shows them at `/metrics` to callers with a general key. */
export function mountMetrics(app: FastifyInstance, authenticate: (request: FastifyRequest) => Access): void {
  const registry = new Registry()
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 180],
    registers: [registry],
  })

  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })

  app.get('/metrics', async (request, reply) => {
    const access = authenticate(request)
    if (access === undefined) throw new ServiceError('UNAUTHORIZED', 'Metrics need an API key')
    if (access.projectId !== undefined) {
      throw new ServiceError('FORBIDDEN', 'Metrics need an API key that is not limited to one project')
    }
    const all = Registry.merge([processMetrics, registry])
    return reply.type(all.contentType).send(await all.metrics())
  })
}
