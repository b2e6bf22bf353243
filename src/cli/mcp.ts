import { setTimeout as wait } from 'node:timers/promises'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { refuseUnknown } from '../api/strict.js'
import type { Lists } from '../api/trpc.js'
import {
  createPersonasClient,
  isPersonasConnectionError,
  isPersonasError,
  type PersonaPage,
} from '../client/client.js'
import { configWarnings, readConfig } from '../config.js'
import { publicError } from '../errors/public.js'
import { AGENT_PAGE_BYTES, type CallError, type Caller, localCaller } from '../mcp/caller.js'
import { agentServer } from '../mcp/server.js'
import { StdioTransport } from '../mcp/stdio.js'
import { createServices } from '../services.js'
import { openStore } from '../store/open.js'
import { unknownInput } from '../unknown.js'
import type { McpCommand } from './command-line.js'

/** How long calls may take to finish once the client has closed their connection, in milliseconds. */
const GRACE = 60_000

type Send = (input: object, options: { signal: AbortSignal }) => Promise<unknown>

/** What a running service said, or why it said nothing. */
function errorOf(error: unknown): CallError {
  if (isPersonasError(error)) {
    const { message, code, httpStatus: status, reason, issues, retryAfter } = error
    const details = { reason, issues, retryAfter }
    const given = Object.entries(details).filter(([, value]) => value !== undefined)
    return { message, code, status, ...Object.fromEntries(given) }
  }
  if (!isPersonasConnectionError(error)) return publicError(error)
  const { message, httpStatus: status } = error
  return { message, ...(status !== undefined && { status }) }
}

/** Calls of a running service. Those that fail are not tried again: an agent is told sooner, and can do so itself. */
function remoteCaller(url: string, { projectId }: McpCommand): (signal: AbortSignal) => Caller {
  const apiKey = process.env.PERSONAS_API_KEY || undefined
  const client = createPersonasClient({ url, apiKey, retry: false })
  // The client has every call of the router, by its path.
  const groups = client as unknown as Record<string, Record<string, { query: Send; mutate: Send }>>
  return (signal) => ({
    projectId,
    errorOf,
    async call({ path, procedure, input: schema }, input) {
      refuseUnknown(unknownInput(schema, input))
      const [group = '', name = ''] = path.split('.')
      const way = procedure._def.type === 'query' ? 'query' : 'mutate'
      const ask = async (given: object) => groups[group]?.[name]?.[way](given, { signal })
      const answer = await ask(input)
      const fitting = fittingOf(answer)
      return fitting === undefined ? answer : ask({ ...input, limit: fitting })
    },
    async picture({ projectId: id, imageId }) {
      const path = `api/projects/${encodeURIComponent(id)}/images/${encodeURIComponent(imageId)}?size=256&format=webp`
      const headers = apiKey === undefined ? undefined : { authorization: `Bearer ${apiKey}` }
      const response = await fetch(`${url.replace(/\/+$/, '')}/${path}`, {
        signal,
        ...(headers && { headers }),
      })
      return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined
    },
  })
}

/** How many items of a page an agent is shown, at least one; undefined for all of them, and for what is no page. */
function fittingOf(answer: unknown): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('items' in answer)) return undefined
  // Only pages have items.
  const { items } = answer as PersonaPage
  let bytes = 0
  const beyond = items.findIndex((item) => {
    bytes += Buffer.byteLength(JSON.stringify(item))
    return bytes > AGENT_PAGE_BYTES
  })
  return beyond === -1 ? undefined : Math.max(1, beyond)
}

/**
 * Serves the tools and prompts of MCP over standard input and output, until the client closes them or `stop` is
 * settled. Nothing else is written to standard output.
 * @throws Error with one line for the operator when it cannot start
 */
export async function serveMcp(command: McpCommand, stop: Promise<void>): Promise<void> {
  const say = (line: string) => console.error(`personas-api: ${line}`)
  const serve = async (callerOf: (signal: AbortSignal) => Caller) => {
    const transport = new StdioTransport(process.stdin, process.stdout)
    const closed = new Promise((resolve) => process.stdin.once('end', resolve))
    const handle = serveStdio(() => agentServer(callerOf), {
      transport,
      onerror: ({ message }) => say(message.split('\n', 1)[0] ?? ''),
    })
    const late = closed.then(() => wait(GRACE))
    await Promise.race([transport.ended, late, stop])
    await handle.close()
  }
  if (command.url !== undefined) return serve(remoteCaller(command.url, command))

  const config = readConfig(process.env)
  for (const warning of configWarnings(process.env)) say(warning)
  const store = await openStore({ ...config, onWait: say })
  const services = createServices(config, store)
  const { signal } = new AbortController()
  // One agent asks, one call after another: nobody is to be kept from taking too much.
  const lists: Lists = {
    read: (maxBytes, read) => read(maxBytes, signal),
    room: async (answer) => answer,
    show: () => [],
  }
  const errorOf = (error: unknown) => {
    const known = publicError(error)
    if (known.status >= 500) say(`${known.message} (${error instanceof Error ? error.stack : error})`)
    return known
  }
  const context = { services, access: {}, requestId: 'mcp', lists }
  const { projectId } = command
  await serve((signal) => localCaller(context, { errorOf, projectId, signal: () => signal }))
  await services.portraits.drain(GRACE)
  await store.close()
}
