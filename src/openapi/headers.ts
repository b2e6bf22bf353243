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
  'Preference-Applied': text('What of `Prefer` was followed, if it was sent', 'handling=strict'),
  'Cache-Control': text('A picture never changes under its id', 'private, max-age=31536000, immutable'),
  'Retry-After': {
    description: 'Seconds after which to try again, where that is known',
    schema: { type: 'integer' as const, minimum: 0 },
    example: 5,
  },
  'Content-Disposition': text('The name of the file', 'attachment; filename="support-bot.json"'),
  'WWW-Authenticate': text('How to authenticate', 'Bearer'),
  'X-Should-Retry': text('Keeps SDKs from sending again what may have been billed', 'false'),
} satisfies Record<string, oas31.HeaderObject>

/** A reference to one of the headers of responses. */
export function header(name: keyof typeof responseHeaders): oas31.ReferenceObject {
  return { $ref: `#/components/headers/${name}` }
}

/** Headers of requests: those that make them conditional (RFC 9110 §13), and preferences (RFC 7240). */
export const requestHeaders = {
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    ...text(
      'Change only what has this entity tag; otherwise 412. It is what `ETag` said, with its quotes: ' +
        `\`${VERSION}\`. Several stand in a list with commas; \`*\` is any.`,
      VERSION,
    ),
    schema: { type: 'string', pattern: '^\\s*(\\*|(W/)?"[^"]*"(\\s*,\\s*(W/)?"[^"]*")*)\\s*$' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    ...text('Send only what has none of these entity tags; otherwise 304', VERSION),
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    ...text(
      'With `handling=strict` (RFC 7240), fields and query parameters that are not known are refused with 400 and ' +
        'named, rather than ignored; the answer says `Preference-Applied: handling=strict`',
      'handling=strict',
    ),
  },
} satisfies Record<string, oas31.ParameterObject>

/** A reference to one of the headers of requests. */
export function requestHeader(name: keyof typeof requestHeaders): oas31.ReferenceObject {
  return { $ref: `#/components/parameters/${name}` }
}
