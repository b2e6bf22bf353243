import { randomUUID } from 'node:crypto'
import cors from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Config } from './config.js'
import { ServiceError } from './errors.js'
import { uploadAdmission } from './http/admission.js'
import { authenticator } from './http/auth.js'
import { acceptJson } from './http/body.js'
import { mountDocs } from './http/docs.js'
import { answerUnknownRoutes, refuseTarget, SAFE_HEADERS, sendError } from './http/errors.js'
import { mountHealth } from './http/health.js'
import { mountImages } from './http/images.js'
import { mountMetrics } from './http/metrics.js'
import { type Mounting, mountRest } from './http/rest.js'
import { createHttpServer } from './http/server.js'
import { mountTrpc } from './http/trpc.js'
import type { Metrics } from './metrics.js'
import type { Store } from './store/types.js'
import type { Access, Services } from './trpc.js'

/** Largest JSON body, in bytes. */
const BODY_LIMIT = 1024 * 1024
/** Requests under way at once; beyond them 503. */
const MAX_CONCURRENT = 1_000
/** Longest path parameter, in bytes as sent; the schemas know better limits. */
const MAX_PARAM = 16 * 1024

export interface AppDeps {
  config: Pick<Config, 'apiKeys' | 'corsOrigins' | 'logLevel'>
  store: Store
  services: Services & { metrics: Metrics }
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeout?: number
}

function noSchemas(): never {
  throw new Error('Routes have no schemas of Fastify: procedures declare their own')
}

function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:~+/=-]{1,128}$/.test(header) ? header : randomUUID()
}

/** Everything the service serves, on one Fastify instance that does not listen yet. */
export async function buildApp({
  config,
  store,
  services,
  requestTimeout,
}: AppDeps): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => createHttpServer(handler, requestTimeout),
    logger: { level: config.logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // A logger of its own for each request costs more than its few lines: they name the request themselves.
    childLoggerFactory: (logger) => logger,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    // Fastify's own schemas are not used, and loading their compilers takes a tenth of the time to start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM },
    frameworkErrors: refuseTarget,
    // What still comes over a connection while the service closes is answered as ever.
    return503OnClosing: false,
  })
  app.setErrorHandler(sendError)
  observe(app, services.metrics)
  if (config.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...config.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['ETag', 'Link', 'Retry-After', 'X-Request-Id'],
      maxAge: 3600,
    })
  }
  answerUnknownRoutes(app)

  const authenticate = authenticator(config.apiKeys)
  const accessOf = (request: FastifyRequest): Access => authenticate(request.headers.authorization)
  const mounting: Mounting = { services, accessOf, admitUpload: uploadAdmission() }
  mountMetrics(app, services.metrics, accessOf)
  mountHealth(app, store)
  mountDocs(app)
  await app.register(async (scope) => {
    if (config.apiKeys !== undefined) {
      // Before the body is read; what the key reaches, each procedure decides.
      scope.addHook('onRequest', async (request) => {
        if (accessOf(request) === undefined) {
          throw new ServiceError(
            'UNAUTHORIZED',
            'A valid API key is needed: send it as "Authorization: Bearer <key>"',
          )
        }
      })
    }
    acceptJson(scope, 'object')
    mountRest(scope, mounting)
    await scope.register(async (images) => mountImages(images, services.images, accessOf))
  })
  await app.register(async (scope) => mountTrpc(scope, mounting))
  return app
}

/** What every request gets: its id, headers that keep browsers careful, a place among the others. */
function observe(app: FastifyInstance, metrics: Metrics): void {
  let underWay = 0
  app.addHook('onRequest', (request, reply, done) => {
    underWay += 1
    // Not onResponse, which a caller that hangs up keeps from running.
    reply.raw.on('close', () => {
      underWay -= 1
      record(request, reply, metrics)
    })
    reply.headers(SAFE_HEADERS).header('x-request-id', request.id)
    done(underWay > MAX_CONCURRENT ? overloaded() : undefined)
  })
}

function overloaded(): ServiceError {
  const message = 'Too many requests are under way; try again in a second'
  return new ServiceError('SERVICE_UNAVAILABLE', message, { reason: 'overloaded', retryAfter: 1 })
}

/** What is kept of a request once it is over: a line in the log and a place in the metrics. No word of what it said. */
function record(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const { method, id } = request
  const route = request.routeOptions.url ?? 'unknown'
  const ms = reply.elapsedTime
  // A caller that hung up before the answer was whole, as some proxies write it.
  const status = reply.raw.writableFinished ? reply.statusCode : 499
  metrics.request({ method, route, status }, ms / 1000)
  request.server.log.info({ reqId: id, method, route, status, ms: Math.round(ms * 10) / 10 }, 'request')
}
