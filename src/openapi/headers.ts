import type { oas31 } from 'zod-openapi'

const VERSION = '"2026-01-28T10:00:00.000Z"'

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const },
  example,
})

/** Headers of responses. */
export const responseHeaders = {
  'X-Request-Id': text(
    'Names the request in the log. One that was sent is kept: up to 128 letters, digits and `.:~+/=_-`',
    'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4',
  ),
  ETag: text('The version, for `If-Match` and `If-None-Match`; a persona’s is its `updatedAt`', VERSION),
  Link: text(
    'Where the next page is, if there is one',
    '</api/projects/support-bot/personas?limit=100&cursor=eyJvIjoxMDB9>; rel="next"',
  ),
  'X-Next-Cursor': text('The `cursor` of the next page, if there is one', 'eyJvIjoxMDB9'),
  'Cache-Control': text('A picture never changes under its id', 'private, max-age=31536000, immutable'),
  'Retry-After': {
    description: 'Seconds after which another try makes sense, where that can be told',
    schema: { type: 'integer' as const, minimum: 0 },
    example: 5,
  },
  'WWW-Authenticate': text('How to authenticate', 'Bearer'),
} satisfies Record<string, oas31.HeaderObject>

/** A reference to one of the headers. */
export function header(name: keyof typeof responseHeaders): oas31.ReferenceObject {
  return { $ref: `#/components/headers/${name}` }
}

/** Headers of requests that make them conditional (RFC 9110 §13). */
export const conditions = {
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    ...text('Change only what has one of these entity tags, or with `*` any; otherwise 412', VERSION),
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    ...text('Send only what has none of these entity tags; otherwise 304', VERSION),
  },
} satisfies Record<string, oas31.ParameterObject>
