import { z } from 'zod'
import type { oas31, ZodOpenApiPathsObject } from 'zod-openapi'
import { restError } from './http/errors.js'
import { serveImageInput } from './images/schema.js'

const { projectId, imageId, size, format } = serveImageInput.shape
const binary = { schema: { type: 'string' as const, contentMediaType: 'application/octet-stream' } }
const security = [{ ApiKey: [] }]

/** The route that serves pictures: bytes have no place in tRPC, so no procedure declares it. */
export function imagePaths(
  errorResponses: (own: Record<number, string>, hasBody: boolean) => oas31.ResponsesObject,
): ZodOpenApiPathsObject {
  return {
    '/api/projects/{projectId}/images/{imageId}': {
      get: {
        operationId: 'getImage',
        tags: ['Images'],
        summary: 'Get an image',
        description: 'The picture’s bytes, or those of a smaller or re-encoded variant. It never changes.',
        security,
        requestParams: { path: z.object({ projectId, imageId }), query: z.object({ size, format }) },
        responses: {
          200: {
            description: 'OK',
            headers: {
              ETag: { $ref: '#/components/headers/ETag' },
              'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' },
            },
            content: { 'image/png': binary, 'image/jpeg': binary, 'image/webp': binary },
          },
          304: { description: 'Not Modified', headers: { ETag: { $ref: '#/components/headers/ETag' } } },
          ...(errorResponses({ 404: 'Image not found' }, false) as Record<`${4 | 5}${string}`, object>),
        },
      },
    },
  }
}

/** The routes that say whether the service is up; open to all. */
export function healthPaths(): ZodOpenApiPathsObject {
  const status = (value: string) => z.object({ status: z.literal(value) })
  const json = (schema: z.ZodType, example: unknown) => ({ 'application/json': { schema, example } })
  const ok = { description: 'OK', content: json(status('ok'), { status: 'ok' }) }
  const refused = (code: string, message: string) =>
    json(restError, { error: message, message, code, requestId: 'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4' })
  const malformed = {
    description: 'Bad Request',
    content: refused('BAD_REQUEST', 'The Host header is required (RFC 9112 §3.2)'),
  }
  return {
    '/healthz': {
      get: {
        operationId: 'getHealth',
        tags: ['Service'],
        summary: 'Whether the process is up',
        description: 'Answers as long as the process runs.',
        security: [],
        responses: { 200: ok, 400: malformed },
      },
    },
    '/readyz': {
      get: {
        operationId: 'getReadiness',
        tags: ['Service'],
        summary: 'Whether the store answers',
        description: 'Answers 503 while the store does not.',
        security: [],
        responses: {
          200: ok,
          400: malformed,
          503: {
            description: 'Service Unavailable',
            content: refused(
              'SERVICE_UNAVAILABLE',
              'The database does not answer; try again in a few seconds',
            ),
          },
        },
      },
    },
  }
}
