import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type ToolProcedure, toolProcedures } from '../api/operations.js'
import { AGENT_PAGE_BYTES, type Caller, itemsOf } from './caller.js'

/** Items of a list without pages that an agent is shown. */
const MOST_ITEMS = 200

const COSTS = ' Costs money: the project’s provider bills every call, also one that fails.'
const PAGE_SIZE = ` A page holds at most ${AGENT_PAGE_BYTES / 1024} KiB, and so may have fewer than \`limit\`.`
const PORTRAIT = ' Where the persona has a portrait, it comes along as a picture.'

type Values = Record<string, unknown>

/** How an agent calls a procedure that declares itself a tool. */
interface AgentTool extends ToolProcedure {
  /** As `tools/list` tells it. */
  tool: Tool
  /** What it takes: the input of the procedure, and `full` where that is an argument. */
  input: z.ZodObject
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

function toolInput({ input, mcp: { brief } }: ToolProcedure): z.ZodObject {
  if (brief === undefined) return input
  const description = `Whether ${brief.without.join(' and ')} are returned, too; false unless it is given`
  const limit = input.shape.limit?.meta({ description: `Items on a page; ${brief.limit} unless it is given` })
  return input.extend({ limit, full: z.boolean().optional().meta({ description }) })
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
  const input = toolInput(procedure)
  const notes = [mcp.brief && PAGE_SIZE, mcp.portrait && PORTRAIT, mcp.costs && COSTS].filter(Boolean)
  const tool = {
    name,
    title: title ?? name,
    description: `${description}${notes.join('')}`,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: outputSchema(procedure),
    annotations: {
      readOnlyHint: reads,
      destructiveHint: mcp.effect === 'changes',
      idempotentHint: reads || mcp.idempotent === true,
      openWorldHint: mcp.costs === true,
    },
  }
  return { ...procedure, input, tool }
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

/** Answers `tools/list`: they are all on one page. */
export function listTools({ cursor }: { cursor?: string | undefined }): { tools: Tool[] } {
  if (cursor !== undefined) throw invalid('cursor is not one of this list, which has one page')
  return { tools: [...tools] }
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

/** What an agent is shown of an answer: an object, as structured content has to be. */
function structured({ mcp: { brief }, output }: AgentTool, answer: unknown, isFull: boolean): Values {
  if (output instanceof z.ZodArray) {
    const { items, total } = itemsOf(answer, { most: MOST_ITEMS })
    return { items, ...(total > MOST_ITEMS && { more: total - MOST_ITEMS }) }
  }
  // Every answer that is no list is an object; that of a tool with `brief` is a page.
  if (brief === undefined) return answer as Values
  const { items, ...page } = answer as Values
  const all = itemsOf<Values>(items, { most: Number.POSITIVE_INFINITY }).items
  const isShown = ([field]: [string, unknown]) => isFull || !brief.without.includes(field)
  return { items: all.map((item) => Object.fromEntries(Object.entries(item).filter(isShown))), ...page }
}

/**
 * Calls a tool. An error of the procedure is a result that says so with the same message.
 * @throws ProtocolError where there is no such tool
 */
export async function callTool(
  caller: Caller,
  { name, arguments: given = {} }: { name: string; arguments?: Values | undefined },
): Promise<CallToolResult> {
  const tool = byName.get(name)
  if (tool === undefined) {
    const known = tools.map((each) => each.name).join(', ')
    throw invalid(`Unknown tool ${name.slice(0, 100)}; there are ${known}`)
  }
  const { brief, portrait } = tool.mcp
  try {
    const { full, ...rest } = given
    if (brief !== undefined) tool.input.pick({ full: true }).parse({ full })
    const input = brief === undefined ? given : { limit: brief.limit, ...rest }
    const answer = await caller.call(tool, input)
    if (answer === undefined) return { content: [{ type: 'text', text: 'Done.' }] }
    const structuredContent = structured(tool, answer, full === true)
    const content: CallToolResult['content'] = [{ type: 'text', text: JSON.stringify(structuredContent) }]
    const { imageUrl: imageId } = structuredContent
    if (portrait && typeof imageId === 'string') {
      // Only inputs that name a project lead to a persona.
      const picture = await caller.picture({ projectId: String(given.projectId), imageId })
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
