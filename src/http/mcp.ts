import { createMcpHandler } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { publicError } from '../errors/public.js'
import { batchTooLarge, bodyNotJson, bodyNotObject } from '../errors/requests.js'
import { type Caller, localCaller } from '../mcp/caller.js'
import { toolCalls } from '../mcp/connection.js'
import { agentServer } from '../mcp/server.js'
import { takesLong } from '../mcp/tools.js'
import { projectInput } from '../projects/schema.js'
import { Answer } from './answers.js'
import { logFailure, sendMcpError } from './errors.js'
import type { Mounting } from './rest.js'

/** Messages in one batch, at most; only the protocol's version 2025-03-26 has batches. */
const MAX_BATCH = 20

const query = projectInput.partial()

type McpRequest = FastifyRequest<{ Querystring: { projectId?: unknown } }>

/**
 * What the protocol's handler reads of a web Request whose body is parsed, and whom it comes from. A real one takes as
 * long to make as a call to answer.
 */
class AskedRequest {
  readonly method = 'POST'
  readonly headers: { get(name: string): string | null }
  readonly caller: Caller

  constructor({ headers }: McpRequest, caller: Caller) {
    const get = (name: string) => {
      const value = headers[name]
      return value === undefined ? null : String(value)
    }
    this.headers = { get }
    this.caller = caller
  }
}

/** What is read of a message before the protocol's handler checks it. */
interface Message {
  method?: unknown
  params?: { name?: unknown } | null
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The messages of a body, which is one message or a batch. */
function messagesOf(body: unknown): Message[] {
  const messages: unknown[] = [body].flat()
  if (messages.length > MAX_BATCH) throw batchTooLarge({ max: MAX_BATCH })
  if (!messages.every(isMessage)) throw bodyNotObject()
  return messages
}

/**
 * A batch without the cancellations in it: there is nothing to cancel but its own calls, and the SDK's handler never
 * ends the answer to a batch of which one call is cancelled.
 */
function withoutCancellations(body: unknown): unknown {
  if (!Array.isArray(body)) return body
  const left = body.filter(({ method }: Message) => method !== 'notifications/cancelled')
  // An empty batch would be an error; one of nothing but notifications is answered 202.
  return left.length > 0 ? left : body.slice(0, 1)
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string' || body.trim() === '') throw bodyNotObject()
  try {
    return JSON.parse(body)
  } catch {
    throw bodyNotJson()
  }
}

/** Serves the tools and prompts of MCP at `/mcp`: Streamable HTTP without sessions, a message a request. */
export async function mountMcp(scope: FastifyInstance, { services, answers }: Mounting): Promise<void> {
  const callerOf = (_signal: AbortSignal, request: unknown) => {
    if (!(request instanceof AskedRequest)) throw new Error('Messages of MCP come with requests alone')
    return request.caller
  }
  const handler = createMcpHandler(() => agentServer(callerOf))
  const callTool = await toolCalls((versions) => agentServer(callerOf, versions))
  scope.setErrorHandler(sendMcpError)

  async function answer(request: McpRequest, reply: FastifyReply) {
    const { access, id: requestId, lifetime } = request
    const { projectId } = request.query.projectId === undefined ? {} : query.parse(request.query)
    const body = parsed(request.body)
    const messages = messagesOf(body)
    const brief = messages.filter(({ method, params }) => method !== 'tools/call' || !takesLong(params?.name))
    const lists = new Answer(answers, request)
    await lists.begin(brief.length, { isBatch: messages.length > 1 })
    const errorOf = (error: unknown) => {
      const known = publicError(error)
      logFailure(request, error, known)
      return known
    }
    const context = { services, access, requestId, lists }
    const caller = localCaller(context, { errorOf, projectId, signal: () => lifetime.signal })
    // It has no signal: the work is waited for, and procedures have the request's own.
    const asked = new AskedRequest(request, caller) as unknown as Request
    const { status, type, bytes } = await lifetime.during(async () => {
      const answer = await callTool(asked, body)
      if (answer) return { status: 200, type: 'application/json', bytes: Buffer.from(JSON.stringify(answer)) }
      const response = await handler.fetch(asked, { parsedBody: withoutCancellations(body) })
      // Of its headers, the others are for a connection that the SDK holds.
      const type = response.headers.get('content-type')
      return { status: response.status, type, bytes: Buffer.from(await response.arrayBuffer()) }
    })
    lists.made(bytes.length)
    reply.code(status)
    return type === null ? reply.send() : reply.type(type).send(bytes)
  }
  scope.post('/mcp', { config: { checksOrigin: true } }, answer)
}
