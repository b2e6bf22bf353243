import { createMcpHandler } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { publicError } from '../errors/public.js'
import { bodyNotObject } from '../errors/requests.js'
import { type Caller, localCaller } from '../mcp/caller.js'
import { agentServer } from '../mcp/server.js'
import { takesLong } from '../mcp/tools.js'
import { projectInput } from '../projects/schema.js'
import { Answer } from './answers.js'
import { jsonObject } from './body.js'
import { logFailure } from './errors.js'
import type { Mounting } from './rest.js'

/** Serves the tools and prompts of MCP at `/mcp`: Streamable HTTP without sessions, a message a request. */
export function mountMcp(scope: FastifyInstance, { services, answers }: Mounting): void {
  const callers = new WeakMap<Request, Caller>()
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const caller = requestInfo && callers.get(requestInfo)
      if (caller === undefined) throw new Error('A server of MCP is made for requests alone')
      return agentServer(caller)
    },
    // Nothing changes that a client could wait for.
    { maxSubscriptions: 0 },
  )

  async function answer(
    request: FastifyRequest<{ Querystring: { projectId?: unknown } }>,
    reply: FastifyReply,
  ) {
    const { access, id: requestId, lifetime, body, query } = request
    const message = typeof body === 'string' ? jsonObject(body) : undefined
    if (message === undefined) throw bodyNotObject()
    const { projectId } = projectInput.partial().parse(query)
    const lists = new Answer(answers, request)
    const { name } = (message.params ?? {}) as { name?: unknown }
    await lists.begin(message.method === 'tools/call' && takesLong(name) ? 0 : 1)
    const errorOf = (error: unknown) => {
      const known = publicError(error)
      logFailure(request, error, known)
      return known
    }
    const { signal } = lifetime
    const asked = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: textHeaders(request),
      signal,
    })
    callers.set(asked, localCaller({ services, access, requestId, lists }, { errorOf, projectId }))
    const bytes = await lifetime.during(async () => {
      const response = await handler.fetch(asked, { parsedBody: message })
      for (const [key, value] of response.headers) reply.header(key, value)
      reply.code(response.status)
      return Buffer.from(await response.arrayBuffer())
    })
    lists.made(bytes.length)
    return reply.send(bytes)
  }
  scope.post('/mcp', answer)
}

/** What the protocol reads of a request's headers. */
function textHeaders({ headers }: FastifyRequest): Record<string, string> {
  const read = Object.entries(headers).filter(([name]) => /^(accept|content-type|mcp-.*)$/.test(name))
  return Object.fromEntries(read.map(([name, value]) => [name, String(value)]))
}
