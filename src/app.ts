import cors from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Config } from './config.js'
import { ServiceError } from './errors.js'
import { uploadAdmission } from './http/admission.js'
import { authenticator } from './http/auth.js'
import { acceptJson } from './http/body.js'
import { mountDocs } from './http/docs.js'
import { answerUnknownRoutes, refuseTarget, sendError } from './http/errors.js'
import { mountHealth } from './http/health.js'
import { mountImages } from './http/images.js'
import { mountMetrics } from './http/metrics.js'
import { type Mounting, mountRest } from './http/rest.js'
import { createHttpServer } from './http/server.js'
import { mountTrpc } from './http/trpc.js'
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
  services: Services
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeout?: number
}

function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:~+/=-]{1,128}$/.test(header) ? header : crypto.randomUUID()
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
    genReqId: (request) => requestId(request.headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM },
    frameworkErrors: refuseTarget,
    // What still comes over a connection while the service closes is answered as ever.
    return503OnClosing: false,
  })
  app.setErrorHandler(sendError)
  observe(app)
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
  mountMetrics(app, accessOf)
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

/** What every request gets: its id, headers that keep browsers careful, a place among the others, a line in the log. */
function observe(app: FastifyInstance): void {
  let underWay = 0
  app.addHook('onRequest', async (request, reply) => {
    underWay += 1
    reply
      .header('x-request-id', request.id)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, no-cache')
      .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    if (underWay > MAX_CONCURRENT) {
      throw new ServiceError(
        'SERVICE_UNAVAILABLE',
        'Too many requests are under way; try again in a second',
        {
          reason: 'overloaded',
          retryAfter: 1,
        },
      )
    }
  })
  app.addHook('onResponse', async (request, reply) => {
    underWay -= 1
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    )
  })
}
