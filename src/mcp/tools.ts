import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type ToolProcedure, toolProcedures } from '../api/operations.js'
import type { Caller } from './caller.js'

/** Items of a list without pages that an agent is shown. */
const MOST_ITEMS = 200

const COSTS = ' Costs money: the project’s provider bills every call, also one that fails.'
const PORTRAIT = ' Where the persona has a portrait, it comes along as a picture.'

type Values = Record<string, unknown>

/** How an agent calls a procedure that declares itself a tool. */
interface AgentTool extends ToolProcedure {
  /** As `tools/list` tells it. */
  tool: Tool
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): Tool['inputSchema'] {
  const override = ({ jsonSchema }: { jsonSchema: Values }) => {
    // Every tool is read by a model before it is used: what only helps code is left out.
    delete jsonSchema.example
    delete jsonSchema.pattern
  }
  // The schema of an object is one of type object; the clients of earlier versions take no other at the root.
  return z.toJSONSchema(z.object(schema.shape), {
    io,
    override,
    unrepresentable: 'any',
  }) as Tool['inputSchema']
}

function inputSchema({ input, mcp: { brief } }: ToolProcedure): Tool['inputSchema'] {
  if (brief === undefined) return jsonSchema(input, 'input')
  const description = `Whether ${brief.without.join(' and ')} are returned, too; false unless it is given`
  const limit = input.shape.limit?.meta({ description: `Items on a page; ${brief.limit} unless it is given` })
  return jsonSchema(input.extend({ limit, full: z.boolean().optional().meta({ description }) }), 'input')
}

function outputSchema({ output }: ToolProcedure): Tool['outputSchema'] {
  if (output instanceof z.ZodObject) return jsonSchema(output, 'output')
  const more = z.number().optional().meta({ description: 'How many there are beyond these' })
  return output instanceof z.ZodArray ? jsonSchema(z.object({ items: output, more }), 'output') : undefined
}

function toTool(procedure: ToolProcedure): AgentTool {
  const { path, mcp, openapi } = procedure
  const { name = path.replace('.', '_'), title = openapi?.summary, description = openapi?.description } = mcp
  const reads = procedure.procedure._def.type === 'query' || (mcp.effect === 'none' && mcp.costs !== true)
  const tool = {
    name,
    title: title ?? name,
    description: `${description}${mcp.portrait ? PORTRAIT : ''}${mcp.costs ? COSTS : ''}`,
    inputSchema: inputSchema(procedure),
    outputSchema: outputSchema(procedure),
    annotations: {
      readOnlyHint: reads,
      destructiveHint: mcp.effect === 'changes',
      idempotentHint: reads || mcp.idempotent === true,
      openWorldHint: mcp.costs === true,
    },
  }
  return { ...procedure, tool }
}

const byName = new Map(
  toolProcedures()
    .map(toTool)
    .map((each) => [each.tool.name, each]),
)

/** The tools, as `tools/list` tells them. */
export const tools: readonly Tool[] = [...byName.values()].map(({ tool }) => tool)

/** Whether a tool waits for a provider. */
export function takesLong(name: unknown): boolean {
  return typeof name === 'string' && byName.get(name)?.takesLong === true
}

/** What an agent is shown of an answer: an object, as structured content has to be. */
function structured({ mcp: { brief } }: AgentTool, answer: unknown, isFull: boolean): Values {
  if (Array.isArray(answer)) {
    const more = answer.length - MOST_ITEMS
    return { items: answer.slice(0, MOST_ITEMS), ...(more > 0 && { more }) }
  }
  // Every answer that is no list is an object.
  const page = answer as Values
  if (brief === undefined || isFull) return page
  const isShown = ([field]: [string, unknown]) => !brief.without.includes(field)
  const shorten = (item: Values) => Object.fromEntries(Object.entries(item).filter(isShown))
  return { ...page, items: (page.items as Values[]).map(shorten) }
}

/**
 * Calls a tool. An error of the procedure is a result that says so with the same message.
 * @throws ProtocolError where there is no such tool
 */
export async function callTool(
  { name, arguments: given = {} }: { name: string; arguments?: Values | undefined },
  caller: Caller,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const tool = byName.get(name)
  if (tool === undefined) {
    const known = tools.map((each) => each.name).join(', ')
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `Unknown tool ${name.slice(0, 100)}; there are ${known}`,
    )
  }
  const { brief, portrait } = tool.mcp
  const { full, ...rest } = brief === undefined ? { ...given, full: undefined } : given
  const input = brief === undefined ? given : { limit: brief.limit, ...rest }
  try {
    const answer = await caller.call(tool, input, signal)
    if (answer === undefined) return { content: [{ type: 'text', text: 'Done.' }] }
    const structuredContent = structured(tool, answer, full === true)
    const content: CallToolResult['content'] = [{ type: 'text', text: JSON.stringify(structuredContent) }]
    const { imageUrl: imageId } = structuredContent
    if (portrait && typeof imageId === 'string') {
      // Only inputs that name a project lead to a persona.
      const picture = await caller.picture({ projectId: String(input.projectId), imageId }, signal)
      if (picture !== undefined) {
        content.push({ type: 'image', data: picture.toString('base64'), mimeType: 'image/webp' })
      }
    }
    return { structuredContent, content }
  } catch (error) {
    const { message, ...details } = caller.errorOf(error)
    const content: CallToolResult['content'] = [{ type: 'text', text: message }]
    if ('reason' in details || 'issues' in details || 'retryAfter' in details) {
      content.push({ type: 'text', text: JSON.stringify(details) })
    }
    return { isError: true, content }
  }
}
