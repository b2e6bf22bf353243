import cors, { type FastifyCorsOptions, type FastifyCorsOptionsDelegateCallback } from '@fastify/cors'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Services } from './api/trpc.js'
import type { Config } from './config.js'
import { unauthorized } from './errors/access.js'
import { answerLimits } from './http/answers.js'
import { authenticator } from './http/auth.js'
import { admitBodies, bodyLimit } from './http/bodies.js'
import { acceptJson, ignoreTypeOfNothing } from './http/body.js'
import { mountConsole } from './http/console.js'
import { mountDocs } from './http/docs.js'
import { answerUnknownRoutes, sendError } from './http/errors.js'
import { fileLimits, mountFiles } from './http/files.js'
import { mountHealth } from './http/health.js'
import { imageLimit, mountImages } from './http/images.js'
import { requestId } from './http/lifetime.js'
import { mountMcp } from './http/mcp.js'
import { mountMetrics } from './http/metrics.js'
import { mountOpenAi } from './http/openai.js'
import { guardOrigins } from './http/origins.js'
import { readPreferences } from './http/preferences.js'
import { followRequests } from './http/requests.js'
import { type Mounting, mountRest } from './http/rest.js'
import { answerClientErrors, createHttpServer } from './http/server.js'
import { mountTrpc } from './http/trpc.js'
import { logStream } from './log.js'
import type { Metrics } from './metrics.js'
import type { PersonaModels } from './simulation/models.js'
import type { Store } from './store/store.js'

/** Largest JSON body, in bytes. */
const BODY_LIMIT = 1024 * 1024
/** Longest path parameter, in bytes as sent; the schemas know better limits. */
const MAX_PARAM = 16 * 1024

export interface AppDeps {
  config: Pick<Config, 'apiKeys' | 'corsOrigins' | 'host' | 'logLevel'>
  store: Store
  services: Services & { models: PersonaModels; metrics: Metrics }
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeout?: number
  /** Milliseconds in which an answer must have been taken by its reader. */
  answerTimeout?: number
}

function noSchemas(): never {
  throw new Error('Routes have no schemas of Fastify: procedures declare their own')
}

/** What browsers of these origins may do. An OPTIONS that is no preflight is left to the routes. */
function corsOf(origins: readonly string[]): FastifyCorsOptionsDelegateCallback {
  const options: FastifyCorsOptions = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: ['ETag', 'Link', 'Preference-Applied', 'Retry-After', 'X-Next-Cursor', 'X-Request-Id'],
    maxAge: 3600,
  }
  return ({ headers }, done) => {
    const preflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined
    done(null, { ...options, preflight })
  }
}

/** Everything the service serves, on one Fastify instance that does not listen yet. */
export async function buildApp({
  config,
  store,
  services,
  requestTimeout,
  answerTimeout,
}: AppDeps): Promise<FastifyInstance> {
  const { metrics } = services
  const requests = followRequests({ metrics, authenticate: authenticator(config.apiKeys), answerTimeout })
  const app = fastify({
    serverFactory: (handler) =>
      createHttpServer(handler, { requestTimeout, onUnparsed: requests.onUnparsed }),
    logger: { level: config.logLevel, stream: logStream() },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // A logger of its own for each request costs more than its few lines: they name the request themselves.
    childLoggerFactory: (parent) => parent,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    // Fastify's own schemas are not used, and loading their compilers takes a tenth of the time to start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM },
    frameworkErrors: requests.refuseTarget,
    clientErrorHandler: answerClientErrors(requests.onUnparsed),
    // What still comes over a connection while the service closes is answered as ever.
    return503OnClosing: false,
  })
  app.setErrorHandler(sendError)
  requests.follow(app)
  guardOrigins(app, config)
  if (config.corsOrigins.length > 0) await app.register(cors, { delegator: corsOf(config.corsOrigins) })
  answerUnknownRoutes(app)

  const mounting: Mounting = { services, bodies: bodyLimit(), answers: answerLimits(), files: fileLimits() }
  const images = imageLimit()
  const { bodies, answers, files } = mounting
  for (const limit of [bodies, images, ...Object.values(answers), ...Object.values(files)]) {
    metrics.limit(limit)
  }
  mountMetrics(app, metrics)
  mountHealth(app, store)
  mountDocs(app)
  mountConsole(app)
  await app.register(async (scope) => {
    // Before the body is read; what the key reaches, each procedure decides.
    scope.addHook('onRequest', (request, _reply, done) => {
      done(request.access === undefined ? unauthorized() : undefined)
    })
    scope.addHook('onRequest', ignoreTypeOfNothing)
    scope.addHook('onRequest', readPreferences)
    scope.addHook('onRequest', admitBodies(bodies))
    acceptJson(scope)
    mountRest(scope, mounting)
    mountOpenAi(scope, { models: services.models, answers })
    await scope.register(async (inner) => mountMcp(inner, mounting))
    await scope.register(async (inner) => mountImages(inner, services.images, images))
    await scope.register(async (inner) => mountFiles(inner, { ...mounting, images }))
  })
  await app.register(async (scope) => mountTrpc(scope, mounting))
  return app
}
