import fc from 'fast-check'
import type { ApiDocument, Operation } from './document.js'
import { type Content, personasFile } from './files.js'
import type { Sent } from './judge.js'
import type { Pool } from './pool.js'
import { nearlyValid, PIXEL, valid, wildText, wildValue } from './values.js'

/** A request that waits for ids. */
export type Plan = (pool: Pool) => Sent

/** How far from the document a part of a request is. */
type Kind = 'valid' | 'near' | 'wild'

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 8, arbitrary: fc.constant('valid' as const) },
  { weight: 2, arbitrary: fc.constant('near' as const) },
  fc.constant('wild' as const),
)
const chance = fc.nat({ max: 1_000 })

const segment = (text: string) => encodeURIComponent(text.toWellFormed())

// What a client can put on a request line without ending it.
const wildSegment = fc.oneof(
  wildText.map(segment),
  fc.stringMatching(/^[!-~]{0,40}$/).map((text) => text.replaceAll(/[/?#]/g, '')),
  fc.constantFrom(
    '%',
    '%zz',
    '%c3%28',
    '%00',
    '%2e%2e',
    '../../scripts',
    '.',
    '',
    '%252e',
    'a'.repeat(3_000),
  ),
)

/** A path parameter: an id that was given, one that is nearly such an id, or anything. */
function parameter(name: string) {
  return fc.tuple(kind, chance, wildSegment).map(([how, at, wild]) => (pool: Pool, project: string) => {
    const id = pool.id(name, project, at)
    if (how === 'valid') return segment(id)
    if (how === 'wild') return wild
    const variants = [id.slice(0, 8), id.toUpperCase(), `${id}x`, id.slice(1), `${segment(id)}%20`]
    return variants[at % variants.length] === undefined ? id : segment(variants[at % variants.length] ?? id)
  })
}

function query(document: ApiDocument, operation: Operation): fc.Arbitrary<string> {
  const declared = operation.parameters.filter((each) => each.in === 'query')
  const pairs = declared.map((each) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      {
        weight: 2,
        arbitrary: valid(document, each.schema).map((value) => `${each.name}=${segment(String(value))}`),
      },
      wildText.map((text) => `${each.name}=${segment(text)}`),
      fc.constant(`${each.name}=1&${each.name}=2`),
    ),
  )
  const odd = fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.stringMatching(/^[!-"$-~]{0,60}$/))
  return fc.tuple(...pairs, odd).map((parts) => parts.filter((part) => part !== '').join('&'))
}

const wildHeaders = fc.dictionary(
  fc.constantFrom(
    'If-Match',
    'If-None-Match',
    'X-Request-Id',
    'Accept',
    'Authorization',
    'Origin',
    'Content-Encoding',
    'Prefer',
    'X-Forwarded-For',
    'Range',
    'Accept-Encoding',
    'X-HTTP-Method-Override',
  ),
  fc.oneof(
    fc.stringMatching(/^[\x21-\x7e\xa0-\xff][\x20-\x7e\xa0-\xff]{0,60}$/),
    fc.constantFrom(
      '*',
      'handling=strict',
      '"*"',
      'W/"x"',
      '"2026-01-28T10:00:00.000Z"',
      'gzip',
      'x'.repeat(9_000),
    ),
  ),
  { maxKeys: 3 },
)
const contentType = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/json; charset=utf-8',
    'text/plain',
    'image/png',
    'image/svg+xml',
    'multipart/form-data',
    'a',
    '',
  ),
)

/** A picture, or what is none, as some type. */
const file = fc
  .tuple(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom('image/png', 'image/webp', 'application/octet-stream', 'IMAGE/X'),
      },
      contentType,
    ),
    fc.oneof(
      fc.constant(Buffer.from(PIXEL, 'base64')),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    ),
  )
  .map(([type, bytes]) => ({ type, bytes }))

/** Bytes of a body: JSON as the schema describes it, nearly so, or anything. */
function body(
  document: ApiDocument,
  operation: Operation,
  isJson = false,
): fc.Arbitrary<Content | undefined> {
  if ('application/octet-stream' in operation.body) return file
  if ('text/csv' in operation.body && !isJson) {
    return fc.oneof({ weight: 3, arbitrary: personasFile }, body(document, operation, true))
  }
  const schema = operation.body['application/json']
  const json = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '')
  if (schema === undefined) {
    return fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      fc.tuple(contentType, wildValue).map(([type, value]) => ({ type, bytes: json(value) })),
    )
  }
  const asJson = (arbitrary: fc.Arbitrary<unknown>) =>
    fc.tuple(contentType, arbitrary).map(([type, value]) => ({ type, bytes: json(value) }))
  return fc.oneof(
    {
      weight: 60,
      arbitrary: valid(document, schema).map((value) => ({ type: 'application/json', bytes: json(value) })),
    },
    { weight: 40, arbitrary: asJson(nearlyValid(document, schema)) },
    { weight: 20, arbitrary: asJson(wildValue) },
    {
      weight: 10,
      arbitrary: fc
        .uint8Array({ maxLength: 200 })
        .map((bytes) => ({ type: 'application/json', bytes: Buffer.from(bytes) })),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom('image/png', 'image/jpeg'), fc.uint8Array({ maxLength: 200 }))
        .map(([type, bytes]) => ({ type, bytes: Buffer.from(bytes) })),
    },
    {
      weight: 1,
      arbitrary: fc.constant({ type: 'application/json', bytes: json({ name: 'x'.repeat(1_100_000) }) }),
    },
    { weight: 4, arbitrary: fc.constant(undefined) },
  )
}

/** Requests of one operation through REST. */
export function restRequest(document: ApiDocument, operation: Operation): fc.Arbitrary<Plan> {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const method = fc.oneof(
    { weight: 30, arbitrary: fc.constant(operation.method) },
    fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'),
  )
  const headers = fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, wildHeaders)
  const ending = fc.oneof({ weight: 15, arbitrary: fc.constant('') }, fc.constantFrom('/', '//', '/x', '%2f'))
  return fc
    .tuple(
      method,
      fc.tuple(...names.map(parameter)),
      query(document, operation),
      headers,
      body(document, operation),
      chance,
      ending,
    )
    .map(([verb, parameters, search, extra, content, at, end]) => (pool) => {
      const project = pool.projects[at % pool.projects.length] ?? ''
      const filled = new Map(names.map((name, place) => [name, parameters[place]?.(pool, project) ?? '']))
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => filled.get(name) ?? '')
      const headers = { ...extra, ...(content !== undefined && { 'Content-Type': content.type }) }
      return {
        method: verb,
        target: `${path}${end}${search === '' ? '' : `?${search}`}`,
        headers,
        body: content?.bytes,
      }
    })
}
