import type { FastifyInstance, FastifyRequest } from 'fastify'
import { imageSizes, serveImageInput } from '../images/schema.js'
import type { ImageService } from '../images/service.js'
import { type Access, requireProject } from '../trpc.js'
import { entityTag, noneMatchHolds } from './entity-tags.js'

interface ImageRoute {
  Params: { projectId: string; imageId: string }
  Querystring: { size?: unknown; format?: unknown }
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
    return reply.type(`image/${image.format}`).header('content-length', image.bytes.length).send(image.bytes)
  })
}
