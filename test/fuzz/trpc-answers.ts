import type { Schema } from './document.js'

const code = { $ref: '#/components/schemas/ErrorCode' }

/** tRPC's answer to a call that failed. */
export const trpcError: Schema = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['message', 'code', 'data'],
      additionalProperties: false,
      properties: {
        message: { type: 'string', minLength: 1 },
        code: { type: 'integer' },
        data: {
          type: 'object',
          required: ['code', 'httpStatus'],
          additionalProperties: false,
          properties: {
            code,
            httpStatus: { type: 'integer' },
            path: { type: 'string' },
            reason: { type: 'string' },
            issues: { $ref: '#/components/schemas/ApiError/properties/issues' },
            retryAfter: { type: 'integer' },
            requestId: { type: 'string' },
          },
        },
      },
    },
  },
}

/** tRPC's answer to a call that gives what the schema describes; without one, nothing. */
export function trpcSuccess(data: Schema | undefined): Schema {
  const result =
    data === undefined ? { type: 'object' } : { type: 'object', required: ['data'], properties: { data } }
  return { type: 'object', required: ['result'], additionalProperties: false, properties: { result } }
}
