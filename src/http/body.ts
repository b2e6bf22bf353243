import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { ServiceError } from '../errors/error.js'
import {
  bodyNotJson,
  bodyNotObject,
  bodyNotUtf8,
  bodyOfTooManyValues,
  bodyTooDeep,
  wrongContentEncoding,
} from '../errors/requests.js'

/** Arrays and objects within each other, at most; the deepest input of the API has 3. */
const MAX_DEPTH = 64
/** Values within a body, at most: each takes up to 60 bytes once it is parsed, whatever it took in the text. */
const MAX_VALUES = 20_000
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Where the string that opens at `at` ends. An upload is one long string: most of it is passed natively. */
function endOfString(json: string, at: number): number {
  let end = json.indexOf('"', at + 1)
  while (end !== -1) {
    let escapes = 0
    while (json.charCodeAt(end - 1 - escapes) === 0x5c) escapes += 1
    if (escapes % 2 === 0) return end
    end = json.indexOf('"', end + 1)
  }
  return json.length
}

/** What is wrong with the shape of a JSON text, before it is parsed; what stands within strings does not count. */
function faultOfShape(json: string): ServiceError | undefined {
  let depth = 0
  let values = 1
  for (let at = 0; at < json.length; at += 1) {
    const unit = json.charCodeAt(at)
    if (unit === 0x22) at = endOfString(json, at)
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1
      values += 1
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1
    else if (unit === 0x2c) values += 1
    if (depth > MAX_DEPTH) return bodyTooDeep({ max: MAX_DEPTH })
    if (values > MAX_VALUES) return bodyOfTooManyValues({ max: MAX_VALUES })
  }
  return undefined
}

/** A request body as text. @throws ServiceError BAD_REQUEST unless it is UTF-8 and of a shape within the limits. */
function jsonText(body: Buffer): string {
  let text: string
  try {
    text = UTF8.decode(body)
  } catch {
    throw bodyNotUtf8()
  }
  const fault = faultOfShape(text)
  if (fault !== undefined) throw fault
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
  read: (body: Buffer) => unknown,
): void {
  scope.removeAllContentTypeParsers()
  for (const type of types) {
    scope.addContentTypeParser<Buffer>(
      type,
      { parseAs: 'buffer' },
      async (request: FastifyRequest, body: Buffer) => {
        request.bodyHold?.resize(body.length)
        const encoding = request.headers['content-encoding']
        if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw wrongContentEncoding()
        return read(body)
      },
    )
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

/** An `onRequest` hook: browsers give an empty body a type of their own, which says nothing. */
export const ignoreTypeOfNothing: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
  const length = headers['content-length']
  const isEmpty = headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0)
  if (isEmpty && headers['content-type'] !== undefined) delete headers['content-type']
  done()
}
