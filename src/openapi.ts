import { STATUS_CODES } from 'node:http'
import { generateOpenApiDocument } from 'trpc-to-openapi'
import type { oas31 } from 'zod-openapi'
import { type Operation, operations } from './http/operations.js'
import { healthPaths, imagePaths } from './openapi-paths.js'
import { appRouter } from './router.js'
import { version } from './version.js'

type Document = oas31.OpenAPIObject
type Schema = oas31.SchemaObject
type Responses = oas31.ResponsesObject

const DESCRIPTION = `Personas are simulated users for tests of chatbots and agents: a name, a description, a system
prompt, HTTP headers that identify the persona to the system under test, and a portrait.

Errors are JSON with a \`message\` that says what to do and a \`requestId\` that names the request in the log.
The same operations are served as a typed tRPC API at \`/trpc\`.`

const tags = [
  { name: 'Personas', description: 'Simulated users, and their portraits' },
  { name: 'Projects', description: 'What personas belong to, and the LLM provider settings' },
  { name: 'Images', description: 'Portraits, style references and uploads' },
  { name: 'Service', description: 'Whether the service is up' },
]

/** Refusals that any operation can meet, as their messages read. */
const COMMON_ERRORS: Record<number, string> = {
  400: 'projectId must have 1 to 128 characters',
  401: 'A valid API key is needed: send it as "Authorization: Bearer <key>"',
  403: 'This API key opens another project only',
  408: 'The request was not received whole within 30 seconds',
  431: 'URL and headers must take at most 16 KiB together',
  500: 'Something went wrong here; the log has it under this request id',
  503: 'The database does not answer; try again in a few seconds',
}
const BODY_ERRORS: Record<number, string> = {
  413: 'Request body must be at most 1 MiB',
  415: 'Content-Type must be application/json',
}

const CODES: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CONFLICT',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  431: 'BAD_REQUEST',
  500: 'INTERNAL_SERVER_ERROR',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
}

const header = (name: string) => ({ $ref: `#/components/headers/${name}` })

function errorResponse(status: number, messages: string[]): oas31.ResponseObject {
  const examples = messages.map((message) => {
    const value = {
      error: message,
      message,
      code: CODES[status],
      requestId: 'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4',
    }
    return [
      message
        .replaceAll(/[^A-Za-z]+/g, ' ')
        .trim()
        .slice(0, 60)
        .trim()
        .replaceAll(' ', '-'),
      { value },
    ] as const
  })
  return {
    description: STATUS_CODES[status] ?? 'Refused',
    headers: {
      'X-Request-Id': header('X-Request-Id'),
      ...((status === 429 || status === 503) && { 'Retry-After': header('Retry-After') }),
    },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        examples: Object.fromEntries(examples),
      },
    },
  }
}

function componentName(status: number | string): string {
  return (STATUS_CODES[status] ?? '').replaceAll(' ', '')
}

function commonResponses(): Record<string, oas31.ResponseObject> {
  const all = Object.entries({ ...COMMON_ERRORS, ...BODY_ERRORS })
  return Object.fromEntries(
    all.map(([status, message]) => [componentName(status), errorResponse(Number(status), [message])]),
  )
}

/** Every refusal of an operation by status: its own before the common ones. */
function errorResponses(own: Record<number, string | string[]>, hasBody: boolean): Responses {
  const common = Object.keys({ ...COMMON_ERRORS, ...(hasBody && BODY_ERRORS) })
  return {
    ...Object.fromEntries(
      common.map((status) => [status, { $ref: `#/components/responses/${componentName(status)}` }]),
    ),
    ...Object.fromEntries(
      Object.entries(own).map(([status, messages]) => [
        status,
        errorResponse(Number(status), [messages].flat()),
      ]),
    ),
  }
}

function isReference(schema: Schema | oas31.ReferenceObject): schema is oas31.ReferenceObject {
  return typeof schema.$ref === 'string'
}

/** An example of what a schema describes, from the examples that stand with the schemas. */
function exampleOf(schema: Schema | oas31.ReferenceObject | undefined, document: Document): unknown {
  if (schema === undefined) return undefined
  if (isReference(schema)) {
    return exampleOf(
      document.components?.schemas?.[schema.$ref.replace('#/components/schemas/', '')],
      document,
    )
  }
  return schema.type === 'array' ? [exampleOf(schema.items, document)] : schema.example
}

function successResponse({ rest }: Operation, media: oas31.MediaTypeObject | undefined, document: Document) {
  const headers = {
    'X-Request-Id': header('X-Request-Id'),
    ...(rest.etag === true && { ETag: header('ETag') }),
    ...(rest.pages === true && { Link: header('Link') }),
  }
  const description = STATUS_CODES[rest.status] ?? 'Success'
  if (rest.status === 204) return { description, headers }
  const schema = media?.schema as Schema | undefined
  return {
    description,
    headers,
    content: { 'application/json': { ...media, example: exampleOf(schema, document) } },
  }
}

/** Moves an input's schema from the operation to a component named by its title. */
function nameBody(declared: oas31.OperationObject, example: unknown, document: Document): void {
  const body = declared.requestBody as oas31.RequestBodyObject
  const media = body.content['application/json']
  const { title, ...schema } = (media?.schema ?? {}) as Schema
  if (media === undefined || title === undefined) return
  // REST takes it from the header.
  delete schema.properties?.ifMatch
  document.components ??= {}
  document.components.schemas = { ...document.components.schemas, [title]: schema }
  media.schema = { $ref: `#/components/schemas/${title}` }
  media.example = example
}

function addRawBody(declared: oas31.OperationObject, document: Document): void {
  const body = declared.requestBody as oas31.RequestBodyObject
  const input = document.components?.schemas?.UploadImageInput as Schema
  const schema = input.properties?.role as Schema
  declared.parameters?.push({
    name: 'role',
    in: 'query',
    description: 'The role, where the body is the picture itself',
    schema,
  })
  for (const type of ['image/png', 'image/jpeg', 'image/webp']) body.content[type] = {}
}

/** Makes one operation of the document say what the service does. */
function finish(operation: Operation, document: Document): void {
  const { openapi, rest } = operation
  const method = openapi.method.toLowerCase() as 'get' | 'put' | 'post' | 'delete'
  const declared = document.paths?.[openapi.path]?.[method]
  if (declared === undefined) throw new Error(`${operation.path} is not in the document`)
  const generated = declared.responses?.[200] as oas31.ResponseObject | undefined
  const hasBody = declared.requestBody !== undefined
  if (hasBody) nameBody(declared, operation.example, document)
  if (rest.rawBody !== undefined) addRawBody(declared, document)
  const parameters = declared.parameters?.filter((each) => !('name' in each && each.name === 'ifMatch')) ?? []
  if (rest.ifMatch === true) parameters.push({ $ref: '#/components/parameters/IfMatch' })
  const conditional = rest.etag === true && method === 'get'
  if (conditional) parameters.push({ $ref: '#/components/parameters/IfNoneMatch' })
  if (parameters.length > 0) declared.parameters = parameters
  declared.responses = {
    [rest.status]: successResponse(operation, generated?.content?.['application/json'], document),
    ...(conditional && { 304: { description: 'Not Modified', headers: { ETag: header('ETag') } } }),
    ...errorResponses(rest.errors ?? {}, hasBody),
  }
}

const text = (description: string) => ({ description, schema: { type: 'string' as const } })

function components(document: Document): oas31.ComponentsObject {
  const schemas = Object.entries(document.components?.schemas ?? {})
  return {
    ...document.components,
    // The generator's own error schemas forbid what real error bodies hold; none is used any more.
    schemas: Object.fromEntries(schemas.filter(([name]) => !name.startsWith('error.'))),
    responses: commonResponses(),
    headers: {
      'X-Request-Id': text('Names the request in the log; a sane one that was sent is kept'),
      ETag: text('The version: for a persona its updatedAt'),
      Link: text('The next page, as `<url>; rel="next"`, where there is one'),
      'Retry-After': { description: 'Seconds until another try makes sense', schema: { type: 'integer' } },
    },
    parameters: {
      IfMatch: {
        name: 'If-Match',
        in: 'header',
        ...text('Entity tags, or `*`: go ahead only if one is the version'),
        example: '"2026-01-28T10:00:00.000Z"',
      },
      IfNoneMatch: {
        name: 'If-None-Match',
        in: 'header',
        ...text('Entity tags, or `*`: answer 304 if one is the version'),
        example: '"2026-01-28T10:00:00.000Z"',
      },
    },
  }
}

/** The OpenAPI 3.1 document: trpc-to-openapi's, made true to what the routes do. */
export function buildDocument(): Document {
  // The generator's type is openapi3-ts', of the same specification.
  const document = generateOpenApiDocument(appRouter, {
    title: 'Personas API',
    version,
    description: DESCRIPTION,
    openApiVersion: '3.1.0',
    baseUrl: '/',
    license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    securitySchemes: {
      ApiKey: {
        type: 'http',
        scheme: 'bearer',
        description: 'One of the keys in API_KEYS, where any are set',
      },
    },
    paths: { ...imagePaths(errorResponses), ...healthPaths() },
  } as Parameters<typeof generateOpenApiDocument>[1]) as unknown as Document
  for (const operation of operations()) finish(operation, document)
  document.tags = tags
  document.components = components(document)
  return document
}
