import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type Operation, operations } from '../api/operations.js'
import { type Context, JsonList, type Services } from '../api/trpc.js'
import { bodyNotObject, malformedRequest } from '../errors/requests.js'
import { jsonLine } from '../json-text.js'
import type { Limit } from '../limit.js'
import { type Fields, type Unknown, unknownFields } from '../unknown.js'
import { Answer, type AnswerLimits } from './answers.js'
import { jsonObject } from './body.js'
import { entityTag, noneMatchHolds, versionsOf } from './entity-tags.js'
import { pathOf } from './errors.js'
import type { Lifetime } from './lifetime.js'

type Input = Record<string, unknown>
type Kind = 'text' | 'number' | 'boolean' | 'list'

interface Exchange {
  request: FastifyRequest
  reply: FastifyReply
  budget: Answer
}

/** An operation and what its route works out of the declaration once. */
interface Route extends Operation {
  url: string
  /** Names of the parameters in the path. */
  params: string[]
  /** Its input from the query. */
  readQuery: (query: Input) => Input
  /** The fields of its body and of its query. */
  known: { body: Fields; query: Fields }
}

function kindOf(schema: z.core.$ZodType): Kind {
  const { def } = schema._zod
  // Optional and nullable wrap the schema that says the kind.
  if ('innerType' in def) return kindOf(def.innerType as z.core.$ZodType)
  // What is given goes through the first of two schemas.
  if ('in' in def) return kindOf(def.in as z.core.$ZodType)
  if (def.type === 'array') return 'list'
  return def.type === 'number' || def.type === 'boolean' ? def.type : 'text'
}

/**
 * Reads the input of these fields from a query, whose parameters may have other `names`. They are text by nature, and
 * read as the number, boolean or list that the schema asks for.
 */
export function queryReader(fields: Fields, names: Record<string, string> = {}): (query: Input) => Input {
  const parameters = Object.entries(fields).map(([field, schema]) => {
    return { name: names[field] ?? field, field, kind: kindOf(schema) }
  })
  return (query) => {
    const input: Input = {}
    for (const { name, field, kind } of parameters) {
      const value = query[name]
      if (value === undefined) continue
      if (kind === 'number' && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) {
        input[field] = Number(value)
      } else if (kind === 'boolean' && (value === 'true' || value === 'false'))
        input[field] = value === 'true'
      else input[field] = kind === 'list' ? [value].flat() : value
    }
    return input
  }
}

/** A path of the document as Fastify writes it. */
export function routeUrl(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function toRoute(operation: Operation): Route {
  const url = routeUrl(operation.openapi.path)
  const params = [...operation.openapi.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const given = Object.entries(operation.fields).filter(([name]) => !params.includes(name))
  const { names = {}, ifMatch } = operation.rest
  // It comes in a header.
  const own = given.filter(([name]) => ifMatch !== true || name !== 'ifMatch')
  const inQuery = own.map(([name, schema]) => [names[name] ?? name, schema])
  const known = hasBody(operation)
    ? { body: Object.fromEntries(own), query: {} }
    : { body: {}, query: Object.fromEntries(inQuery) }
  return { ...operation, url, params, readQuery: queryReader(Object.fromEntries(given), names), known }
}

/** Whether its input comes in the body; in the query otherwise. */
function hasBody({ openapi }: Operation): boolean {
  return openapi.method === 'POST' || openapi.method === 'PUT'
}

/** What a request names that its route does not take, whatever place it would have in another one. */
function* unknownOf({ known }: Route, { query, body }: FastifyRequest): Generator<Unknown> {
  yield* unknownFields(known.query, query)
  if (typeof body === 'string') yield* unknownFields(known.body, jsonObject(body))
}

/** @throws ServiceError BAD_REQUEST where an escape of the query is none of UTF-8, as for such a path. */
export function checkEscapes(request: FastifyRequest): void {
  const at = request.url.indexOf('?')
  if (at === -1 || !request.url.includes('%', at)) return
  try {
    decodeURIComponent(request.url.slice(at))
  } catch {
    throw malformedRequest()
  }
}

function readInput(route: Route, request: FastifyRequest): Input {
  const { rest, openapi } = route
  // Fastify gives the query and the parameters as objects of text.
  const query = request.query as Input
  const { body } = request
  let input: Input
  checkEscapes(request)
  if (!hasBody(route)) input = route.readQuery(query)
  else {
    const given = typeof body === 'string' ? jsonObject(body) : undefined
    if (given === undefined && openapi.method === 'PUT') throw bodyNotObject()
    input = given ?? {}
  }
  if (rest.ifMatch === true) {
    const header = request.headers['if-match']
    input.ifMatch = header === undefined ? undefined : versionsOf(header)
  }
  const params = request.params as Record<string, string>
  for (const name of route.params) input[name] = params[name]
  return input
}

function nextPage(request: FastifyRequest, cursor: string): string {
  // As it was sent: a URL would change backslashes and dots of the path.
  const [, query = ''] = request.url.split('?', 2)
  const params = new URLSearchParams(query)
  params.set('cursor', cursor)
  return `<${pathOf(request)}?${params}>; rel="next"`
}

function sendList({ page: { json, bytes, nextCursor } }: JsonList, { request, reply, budget }: Exchange) {
  budget.made(bytes)
  if (nextCursor !== undefined) {
    reply.header('link', nextPage(request, nextCursor)).header('x-next-cursor', nextCursor)
  }
  return reply.type('application/json; charset=utf-8').send(json)
}

function answer({ rest, openapi }: Route, result: unknown, exchange: Exchange) {
  const { request, reply, budget } = exchange
  reply.code(rest.status)
  if (rest.status === 204) return reply.send()
  if (rest.etag === true) {
    // Only operations that answer a persona declare it.
    const tag = entityTag((result as { updatedAt: string }).updatedAt)
    reply.header('etag', tag)
    const known = openapi.method === 'GET' && noneMatchHolds(request.headers['if-none-match'], tag)
    if (known) return reply.code(304).send()
  }
  const json = jsonLine(result)
  budget.made(Buffer.byteLength(json))
  return reply.type('application/json; charset=utf-8').send(json)
}

interface Called {
  path: string
  type: Operation['procedure']['_def']['type']
  input: Input
  lifetime: Lifetime
}

/** A call as tRPC makes it. The signal of the request is made when a procedure asks for it, as few do. */
class RestCall {
  readonly ctx: Context
  readonly path: string
  readonly type: Called['type']
  readonly batchIndex = 0
  readonly getRawInput: () => Promise<Input>
  readonly #lifetime: Lifetime

  constructor(ctx: Context, { path, type, input, lifetime }: Called) {
    this.ctx = ctx
    this.path = path
    this.type = type
    this.getRawInput = async () => input
    this.#lifetime = lifetime
  }

  get signal(): AbortSignal {
    return this.#lifetime.signal
  }
}

/** What the interfaces are mounted with. */
export interface Mounting {
  services: Services
  /** Large bodies, in bytes. */
  bodies: Limit
  /** What answers take until they are sent. */
  answers: AnswerLimits
  /** Files of personas, coming and going. */
  files: { imports: Limit; exports: Limit }
}

/**
 * Mounts every procedure that declares a path on it. A request becomes the procedure's input, and the call is
 * the one that tRPC makes: nothing of an operation is known here but what its declaration says.
 */
export function mountRest(scope: FastifyInstance, mounting: Mounting): void {
  for (const operation of operations()) mount(scope, toRoute(operation), mounting)
}

function mount(scope: FastifyInstance, route: Route, { services, answers }: Mounting): void {
  const { procedure, path, rest, openapi } = route
  const { type } = procedure._def

  async function call(request: FastifyRequest, reply: FastifyReply) {
    const { access, id: requestId, lifetime } = request
    const budget = new Answer(answers, request)
    await budget.begin(rest.takesLong === true ? 0 : 1)
    const unknown = request.isStrict ? () => unknownOf(route, request) : undefined
    const ctx: Context = { services, access, requestId, lists: budget, unknown }
    // Not before: parsed, a body takes many times its bytes, and what waits is to be small.
    const input = readInput(route, request)
    // The work alone: a reply that is awaited ends with its sending, which for a pipelined one may never come.
    const result = await lifetime.during(() => procedure(new RestCall(ctx, { path, type, input, lifetime })))
    const exchange = { request, reply, budget }
    return result instanceof JsonList ? sendList(result, exchange) : answer(route, result, exchange)
  }

  scope.route({
    method: openapi.method,
    url: route.url,
    ...(rest.bodyLimit !== undefined && { bodyLimit: rest.bodyLimit }),
    ...(rest.contentTypes !== undefined && { config: { contentTypes: rest.contentTypes } }),
    handler: call,
  })
}
