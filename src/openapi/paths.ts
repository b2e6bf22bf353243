import { z } from 'zod'
import type { oas31, ZodOpenApiContentObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { inputError } from '../api/operations.js'
import { metricsNeedGeneralKey, metricsNeedKey, otherProject } from '../errors/access.js'
import { ofAnyProcedure, ofStore } from '../errors/catalogue.js'
import type { ErrorEntry } from '../errors/error.js'
import {
  imageNotFound,
  tooLargeForFormat,
  tooManyImagesSent,
  tooManyPictures,
  tooManyPicturesRead,
} from '../errors/images.js'
import { serveImageInput } from '../images/schema.js'
import { statuses } from './declared-path.js'
import { routeErrors } from './errors.js'
import { bytes, filePaths } from './file-paths.js'
import { header, requestHeader } from './headers.js'
import { openAiPaths } from './openai-paths.js'

const { projectId, imageId, size, format } = serveImageInput.shape

/** The route that serves pictures: bytes have no place in tRPC, so no procedure declares it. */
function imagePaths(): ZodOpenApiPathsObject {
  const headers = {
    'X-Request-Id': header('X-Request-Id'),
    ETag: { ...header('ETag') },
    'Cache-Control': header('Cache-Control'),
  }
  const errors = [
    imageNotFound,
    tooLargeForFormat,
    tooManyImagesSent,
    tooManyPictures,
    tooManyPicturesRead,
    otherProject,
    ...ofAnyProcedure,
  ]
  const invalid = inputError({ fields: serveImageInput.shape }, { size: 65 })
  return {
    '/api/projects/{projectId}/images/{imageId}': {
      get: {
        operationId: 'getImage',
        tags: ['Images'],
        summary: 'Get an image',
        description:
          'The picture’s bytes, or those of a smaller or re-encoded variant. What an id stands for never ' +
          'changes, so answers may be kept for good.',
        requestParams: { path: z.object({ projectId, imageId }), query: z.object({ size, format }) },
        parameters: [requestHeader('Prefer')],
        responses: {
          200: {
            description: 'The picture',
            headers,
            content: { 'image/png': bytes, 'image/jpeg': bytes, 'image/webp': bytes },
          },
          304: { description: 'The picture is the one the sender has', headers },
          ...statuses(routeErrors(errors, invalid)),
        },
      },
    },
  }
}

interface OpenRoute {
  operationId: string
  summary: string
  description: string
  success: string
  content: ZodOpenApiContentObject
  errors?: readonly ErrorEntry[]
  security?: oas31.SecurityRequirementObject[]
}

/** A route of the service itself, open to all unless it says otherwise. */
function serviceRoute({ success, content, errors = [], security = [], ...route }: OpenRoute) {
  const headers = { 'X-Request-Id': header('X-Request-Id') }
  return {
    get: {
      ...route,
      tags: ['Service'],
      security,
      responses: {
        200: { description: success, headers, content },
        ...statuses(routeErrors(errors)),
      },
    },
  }
}

const healthStatus = z.object({ status: z.literal('ok') }).meta({ id: 'HealthStatus' })

const status: ZodOpenApiContentObject = {
  'application/json': { schema: healthStatus, example: { status: 'ok' } },
}

const METRICS = `# HELP http_request_duration_seconds Duration of HTTP requests by method, route pattern and status
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_count{method="GET",route="/api/projects/:projectId/personas",status="200"} 42
`

/** The routes that no procedure declares. */
export function otherPaths(access: oas31.SecurityRequirementObject[]): ZodOpenApiPathsObject {
  return {
    ...filePaths(),
    ...openAiPaths(),
    ...imagePaths(),
    '/healthz': serviceRoute({
      operationId: 'getHealth',
      summary: 'Whether the process is up',
      description: 'Answers as long as the process runs.',
      success: 'It is',
      content: status,
    }),
    '/readyz': serviceRoute({
      operationId: 'getReadiness',
      summary: 'Whether the store answers',
      description: 'Answers 503 while the store does not.',
      success: 'It does',
      content: status,
      errors: ofStore,
    }),
    '/metrics': serviceRoute({
      operationId: 'getMetrics',
      summary: 'Metrics for Prometheus',
      description:
        'Requests by route and status, and the process. Where keys are set it wants one for all projects.',
      success: 'Prometheus’ text format',
      content: { 'text/plain': { schema: { type: 'string' }, example: METRICS } },
      errors: [metricsNeedKey, metricsNeedGeneralKey],
      security: access,
    }),
    '/openapi.json': serviceRoute({
      operationId: 'getDocument',
      summary: 'This document',
      description: 'The OpenAPI 3.1 document of the service. `/docs` shows it as pages to read and try.',
      success: 'The document',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: { openapi: { type: 'string' }, info: { type: 'object' }, paths: { type: 'object' } },
            required: ['openapi', 'info', 'paths'],
            additionalProperties: true,
          },
          example: { openapi: '3.1.0', info: {}, paths: {} },
        },
      },
    }),
  }
}
