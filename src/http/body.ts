import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import {
  bodyNotJson,
  bodyNotObject,
  bodyNotUtf8,
  bodyOfTooManyValues,
  bodyTooDeep,
  wrongContentEncoding,
} from '../errors/requests.js'
import { faultOfShape } from '../json-shape.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Values that a JSON body may hold, where that is not the usual number. */
    maxValues?: number
  }
}

/** Arrays and objects within each other, at most; the deepest input of the API has 3. */
const MAX_DEPTH = 64
/** Values within a body, at most: each takes up to 60 bytes once it is parsed, whatever it took in the text. */
const MAX_VALUES = 20_000
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** A request body as text. @throws ServiceError BAD_REQUEST unless it is UTF-8 and of a shape within the limits. */
function jsonText(body: Buffer, { routeOptions }: FastifyRequest): string {
  let text: string
  try {
    text = UTF8.decode(body)
  } catch {
    throw bodyNotUtf8()
  }
  const { maxValues = MAX_VALUES } = routeOptions.config
  const fault = faultOfShape(text, { maxDepth: MAX_DEPTH, maxValues, maxMembers: MAX_VALUES })
  if (fault === 'too-deep') throw bodyTooDeep({ max: MAX_DEPTH })
  if (fault === 'too-many-members') throw bodyOfTooManyValues({ max: MAX_VALUES })
  if (fault === 'too-many-values') throw bodyOfTooManyValues({ max: maxValues })
  return text
}

/** The object that a JSON text is; undefined for a blank one. @throws ServiceError BAD_REQUEST for anything else. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw bodyNotJson()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bodyNotObject()
  // Every key of it is a text.
  return value as Record<string, unknown>
}

/** Takes bodies of some types in this scope, and no others, as `read` gives them. */
function acceptOnly(
  scope: FastifyInstance,
  types: readonly (string | RegExp)[],
  read: (body: Buffer, request: FastifyRequest) => unknown,
): void {
  scope.removeAllContentTypeParsers()
  for (const type of types) {
    scope.addContentTypeParser<Buffer>(type, { parseAs: 'buffer' }, (request, body, done) => {
      request.bodyHold?.resize(body.length)
      const encoding = request.headers['content-encoding']
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return done(wrongContentEncoding())
      let content: unknown
      try {
        content = read(body, request)
      } catch (error) {
        // Of `read`, which throws no other.
        return done(error as Error)
      }
      done(null, content)
    })
  }
}

/** Takes bodies of `application/json` in this scope, and no others, as text. */
export function acceptJson(scope: FastifyInstance): void {
  acceptOnly(scope, ['application/json'], jsonText)
}

/** Takes bytes in this scope, and nothing else: pictures of whatever image type they say they are. */
export function acceptFiles(scope: FastifyInstance): void {
  acceptOnly(scope, [/^image\//, 'application/octet-stream'], (body) => body)
}

/** Takes bytes of these types in this scope, and nothing else. */
export function acceptTypes(scope: FastifyInstance, types: readonly string[]): void {
  acceptOnly(scope, types, (body) => body)
}

/** An `onRequest` hook: browsers give an empty body a type of their own, which says nothing. */
export const ignoreTypeOfNothing: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
  const length = headers['content-length']
  const isEmpty = headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0)
  if (isEmpty && headers['content-type'] !== undefined) delete headers['content-type']
  done()
}
