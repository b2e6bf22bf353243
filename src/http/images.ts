import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.js'
import { imageSizes, serveImageInput } from '../images/schema.js'
import type { ImageService } from '../images/service.js'
import { type Access, requireProject } from '../trpc.js'
import { entityTag, noneMatchHolds } from './entity-tags.js'

interface ImageRoute {
  Params: { projectId: string; imageId: string }
  Querystring: { size?: unknown; format?: unknown }
}

/** Bytes of pictures on their way at once: a caller that reads slowly holds its picture in memory. */
const MAX_SENDING = 256 * 1024 * 1024

function overloaded(): ServiceError {
  const message = 'Too many images are being sent; try again in a few seconds'
  return new ServiceError('SERVICE_UNAVAILABLE', message, { reason: 'overloaded', retryAfter: 5 })
}

function sizeOf(value: unknown): unknown {
  return imageSizes.find((size) => String(size) === value) ?? value
}

/** Serves pictures as bytes, which have no place in tRPC. */
export function mountImages(
  scope: FastifyInstance,
  images: ImageService,
  accessOf: (request: FastifyRequest) => Access,
) {
  let sending = 0
  scope.get<ImageRoute>('/api/projects/:projectId/images/:imageId', async (request, reply) => {
    const { projectId, imageId } = request.params
    requireProject(accessOf(request), projectId)
    const { size, format } = request.query
    const input = serveImageInput.parse({ projectId, imageId, size: sizeOf(size), format })
    const image = await images.serve(input)
    // Neither an image nor a variant of it ever changes, so its name is its version.
    const tag = entityTag([imageId, input.size, input.format].filter((part) => part !== undefined).join(';'))
    reply
      .header('etag', tag)
      .header('cache-control', 'private, max-age=31536000, immutable')
      .header('x-content-type-options', 'nosniff')
    if (noneMatchHolds(request.headers['if-none-match'], tag)) return reply.code(304).send()
    const { length } = image.bytes
    if (sending + length > MAX_SENDING) throw overloaded()
    sending += length
    reply.raw.once('close', () => {
      sending -= length
    })
    return reply.type(`image/${image.format}`).header('content-length', image.bytes.length).send(image.bytes)
  })
}
