import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { uploadImageFile } from '../api/images.js'
import { refuseUnknown } from '../api/strict.js'
import { requireProject } from '../api/trpc.js'
import { tooManyImagesSent } from '../errors/images.js'
import { imageSizes, serveImageInput } from '../images/schema.js'
import type { ImageService } from '../images/service.js'
import { jsonLine } from '../json-text.js'
import { Limit } from '../limit.js'
import { unknownFields } from '../unknown.js'
import { acceptFiles } from './body.js'
import { entityTag, noneMatchHolds } from './entity-tags.js'
import { routeUrl } from './rest.js'

interface ImageRoute {
  Params: { projectId: string; imageId: string }
  Querystring: { size?: unknown; format?: unknown }
}

/** Bytes of pictures that are read and sent at once: a caller that reads slowly holds its picture in memory. */
const CAPACITY = 64 * 1024 * 1024
/** The largest picture that is stored, in bytes. */
const LARGEST = 15 * 1024 * 1024

/** The limit on the bytes of pictures on their way. */
export function imageLimit(): Limit {
  return new Limit({
    name: 'images',
    capacity: CAPACITY,
    isShared: true,
    maxWaiting: 200,
    maxWaitMs: 10_000,
    error: tooManyImagesSent,
  })
}

/** What their queries may name. */
const VARIANT = serveImageInput.pick({ size: true, format: true }).shape
const UPLOAD = uploadImageFile.input.omit({ projectId: true }).shape

function sizeOf(value: unknown): unknown {
  return imageSizes.find((size) => String(size) === value) ?? value
}

interface UploadRoute {
  Params: { projectId: string }
  Querystring: { role?: unknown }
}

/** Takes and serves pictures as bytes, which have no place in tRPC. */
export function mountImages(scope: FastifyInstance, images: ImageService, limit: Limit) {
  async function send(request: FastifyRequest<ImageRoute>, reply: FastifyReply) {
    const { access, lifetime, params } = request
    const { projectId, imageId } = params
    requireProject(access, projectId)
    const { size, format } = request.query
    if (request.isStrict) refuseUnknown(unknownFields(VARIANT, request.query))
    const input = serveImageInput.parse({ projectId, imageId, size: sizeOf(size), format })
    const { signal } = lifetime
    const turn = { caller: projectId, signal }
    const isOriginal = input.size === undefined && input.format === undefined
    // An original's length is not known before it is read. A variant may be long in the making, and holds nothing
    // until it is made.
    const read = isOriginal ? await limit.take(LARGEST, turn) : undefined
    if (read !== undefined) lifetime.onOver(read.release)
    const image = await lifetime.during(() => images.serve(input, signal))
    if (read !== undefined) read.resize(image.bytes.length)
    else lifetime.onOver(limit.takeNow(image.bytes.length, turn).release)
    // Neither an image nor a variant of it ever changes, so its name is its version.
    const tag = entityTag([imageId, input.size, input.format].filter((part) => part !== undefined).join(';'))
    reply
      .header('etag', tag)
      .header('cache-control', 'private, max-age=31536000, immutable')
      .header('x-content-type-options', 'nosniff')
    if (noneMatchHolds(request.headers['if-none-match'], tag)) return reply.code(304).send()
    return reply.type(`image/${image.format}`).header('content-length', image.bytes.length).send(image.bytes)
  }

  async function receive(request: FastifyRequest<UploadRoute>, reply: FastifyReply) {
    const { access, body, lifetime, params, query } = request
    requireProject(access, params.projectId)
    if (request.isStrict) refuseUnknown(unknownFields(UPLOAD, query))
    const input = uploadImageFile.input.parse({ ...params, role: query.role })
    // An empty body has no type, and is not read.
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
    const uploaded = await lifetime.during(() => images.uploadFile(input, bytes, lifetime.signal))
    return reply
      .code(uploadImageFile.rest.status)
      .type('application/json; charset=utf-8')
      .send(jsonLine(uploaded))
  }

  scope.get<ImageRoute>('/api/projects/:projectId/images/:imageId', send)
  void scope.register(async (uploads) => {
    acceptFiles(uploads)
    const { openapi, rest } = uploadImageFile
    const { bodyLimit, contentTypes } = rest
    uploads.post<UploadRoute>(routeUrl(openapi.path), { bodyLimit, config: { contentTypes } }, receive)
  })
}
