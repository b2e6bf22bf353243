import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Lists } from '../api/trpc.js'
import { createPersonasClient, isPersonasConnectionError, isPersonasError } from '../client/client.js'
import { configWarnings, readConfig } from '../config.js'
import { publicError } from '../errors/public.js'
import type { Caller } from '../mcp/caller.js'
import { localCaller } from '../mcp/caller.js'
import { agentServer } from '../mcp/server.js'
import { createServices } from '../services.js'
import { openStore } from '../store/open.js'
import type { McpCommand } from './command-line.js'

/** How long a portrait that is paid for may take to finish once the client is gone, in milliseconds. */
const PORTRAIT_GRACE = 60_000

/** Calls of a running service. */
function remoteCaller(url: string, { projectId }: McpCommand): Caller {
  const apiKey = process.env.PERSONAS_API_KEY || undefined
  const client = createPersonasClient({ url, apiKey, strict: true })
  return {
    projectId,
    async call({ path, procedure }, input, signal) {
      const [group = '', name = ''] = path.split('.')
      // The client has every call of the router, by its path.
      const groups = client as unknown as Record<string, Record<string, { query: Send; mutate: Send }>>
      const call = groups[group]?.[name]
      return call?.[procedure._def.type === 'query' ? 'query' : 'mutate'](input, { signal })
    },
    async picture({ projectId: id, imageId }, signal) {
      const path = `api/projects/${encodeURIComponent(id)}/images/${encodeURIComponent(imageId)}?size=256&format=webp`
      const headers = apiKey === undefined ? undefined : { authorization: `Bearer ${apiKey}` }
      const response = await fetch(`${url.replace(/\/+$/, '')}/${path}`, {
        signal,
        ...(headers && { headers }),
      })
      return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined
    },
    errorOf(error) {
      if (isPersonasError(error)) {
        const { message, code, httpStatus: status, reason, issues, retryAfter } = error
        return {
          message,
          code,
          status,
          ...(reason && { reason }),
          ...(issues && { issues }),
          ...(retryAfter && { retryAfter }),
        }
      }
      return isPersonasConnectionError(error) ? { message: error.message } : publicError(error)
    },
  }
}

type Send = (input: object, options: { signal: AbortSignal }) => Promise<unknown>

/**
 * Serves the tools and prompts of MCP over standard input and output, until the client closes them or `stop` is
 * settled. Nothing else is written to standard output.
 * @throws Error with one line for the operator when it cannot start
 */
export async function serveMcp(command: McpCommand, stop: Promise<void>): Promise<void> {
  const say = (line: string) => console.error(`personas-api: ${line}`)
  const serve = async (caller: Caller) => {
    const closed = new Promise<void>((resolve) => process.stdin.once('close', resolve).once('end', resolve))
    const handle = serveStdio(() => agentServer(caller), {
      maxSubscriptions: 0,
      onerror: ({ message }) => say(message),
    })
    await Promise.race([closed, stop])
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
  await serve(localCaller(context, { errorOf, projectId: command.projectId }))
  await services.portraits.drain(PORTRAIT_GRACE)
  await store.close()
}
