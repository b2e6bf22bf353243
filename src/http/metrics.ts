import type { FastifyInstance, FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { ServiceError } from '../errors.js'
import type { Access } from '../trpc.js'

// Of the process, however many apps it runs.
const processMetrics = new Registry()
collectDefaultMetrics({ register: processMetrics })

export interface RequestMetrics {
  registry: Registry
  observe(request: { method: string; route: string; status: number; seconds: number }): void
}

/** Counts and times requests by method, route pattern and status. */
export function requestMetrics(): RequestMetrics {
  const registry = new Registry()
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 180],
    registers: [registry],
  })
  return {
    registry,
    observe({ method, route, status, seconds }) {
      durations.observe({ method, route, status }, seconds)
    },
  }
}

/** Shows the metrics at `/metrics`, to callers with a general key where keys are set. */
export function mountMetrics(
  app: FastifyInstance,
  { registry }: RequestMetrics,
  accessOf: (request: FastifyRequest) => Access,
): void {
  app.get('/metrics', async (request, reply) => {
    const access = accessOf(request)
    if (access === undefined) throw new ServiceError('UNAUTHORIZED', 'Metrics need an API key')
    if (access.projectId !== undefined) {
      throw new ServiceError('FORBIDDEN', 'Metrics need an API key that is not limited to one project')
    }
    const all = Registry.merge([processMetrics, registry])
    return reply.type(all.contentType).send(await all.metrics())
  })
}
