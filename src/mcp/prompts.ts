import {
  type GetPromptResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { toolProcedures } from '../api/operations.js'
import type { Persona, PersonaPage } from '../personas/schema.js'
import type { Project } from '../projects/schema.js'
import { sceneFields } from '../simulation/schema.js'
import type { Caller } from './caller.js'

/** Prompts on a page, and values that a completion has at most (the protocol's own limit). */
const PAGE = 100

const procedures = new Map(toolProcedures().map((each) => [each.path, each]))

/** The prompt that plays a persona of any project. */
const ANY = 'persona'
const scene = Object.entries(sceneFields).map(([name, field]) => {
  return { name, description: field.meta()?.description, required: false }
})

const anyPersona: Prompt = {
  name: ANY,
  title: 'Play a persona',
  description: 'The instructions by which a model plays a persona that talks to an agent under test',
  arguments: [
    { name: 'projectId', description: 'The project’s id', required: true },
    { name: 'name', description: 'The persona’s name', required: true },
    ...scene,
  ],
}

/** A call of a procedure that declares itself a tool, with what it answers. */
function ask<T>(caller: Caller, path: string, input: object, signal: AbortSignal): Promise<T> {
  const procedure = procedures.get(path)
  if (procedure === undefined) throw new Error(`${path} is no tool`)
  // Each path below answers what is said of it there.
  return caller.call(procedure, input, signal) as Promise<T>
}

/** The personas of the connection's project as prompts, a page of them, behind the one for any persona. */
export async function listPrompts(caller: Caller, cursor: string | undefined, signal: AbortSignal) {
  const { projectId } = caller
  const first = cursor === undefined ? [anyPersona] : []
  if (projectId === undefined) return { prompts: first }
  const { items, nextCursor } = await ask<PersonaPage>(
    caller,
    'personas.page',
    { projectId, limit: PAGE, cursor },
    signal,
  )
  const prompts = items.map(({ name, description }): Prompt => ({ name, description, arguments: scene }))
  return { prompts: [...first, ...prompts], nextCursor }
}

/** The instructions by which a model plays a persona, as a message of the user: MCP has no system role. */
export async function getPrompt(
  { name: prompt, arguments: given = {} }: { name: string; arguments?: Record<string, string> | undefined },
  caller: Caller,
  signal: AbortSignal,
): Promise<GetPromptResult> {
  const { projectId, name, ...scenery } =
    prompt === ANY && (given.name !== undefined || caller.projectId === undefined)
      ? given
      : { ...given, projectId: caller.projectId, name: prompt }
  if (!projectId || !name) throw invalid('The prompt needs the arguments projectId and name')
  const { items } = await ask<PersonaPage>(caller, 'personas.page', { projectId, name, limit: 1 }, signal)
  const [persona] = items
  if (persona === undefined)
    throw invalid(`There is no persona of this name in the project: ${name.slice(0, 200)}`)
  const input = { projectId, id: persona.id, ...scenery }
  const { system } = await ask<{ system: string }>(caller, 'personas.prompt', input, signal)
  return {
    ...(persona.description && { description: persona.description }),
    messages: [{ role: 'user', content: { type: 'text', text: system } }],
  }
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

interface Completion {
  argument: { name: string; value: string }
  context?: { arguments?: Record<string, string> | undefined } | undefined
}

/** Projects and names of personas that have what is written so far. */
export async function complete({ argument, context }: Completion, caller: Caller, signal: AbortSignal) {
  const { name, value } = argument
  const has = (text: string) => text.toLowerCase().includes(value.toLowerCase())
  const projectId = context?.arguments?.projectId ?? caller.projectId
  let found: string[] = []
  if (name === 'projectId') {
    found = (await ask<Project[]>(caller, 'projects.list', {}, signal)).map(({ id }) => id).filter(has)
  } else if (name === 'name' && projectId !== undefined) {
    const input = { projectId, q: value, sort: 'name', limit: PAGE }
    const { items } = await ask<{ items: Persona[] }>(caller, 'personas.page', input, signal)
    found = items.map((persona) => persona.name).filter(has)
  }
  return { completion: { values: found.slice(0, PAGE), total: found.length, hasMore: found.length > PAGE } }
}
