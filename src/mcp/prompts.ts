import {
  type GetPromptResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { toolProcedures } from '../api/operations.js'
import { refuseUnknown } from '../api/strict.js'
import { listPersonasInput, type Persona } from '../personas/schema.js'
import { folded } from '../personas/search.js'
import { type Project, projectId } from '../projects/schema.js'
import { sceneFields } from '../simulation/schema.js'
import { unknownFields } from '../unknown.js'
import { type Caller, itemsOf } from './caller.js'

/** Prompts on a page, and values that a completion has at most (the protocol's own limit). */
const PAGE = 100
/** Pages that are looked through for a completion. */
const MOST_PAGES = 10

const procedures = new Map(toolProcedures().map((each) => [each.path, each]))

/** The prompt that plays a persona of any project. */
const ANY = 'persona'
const scene = Object.entries(sceneFields).map(([name, field]) => {
  return { name, description: field.meta()?.description, required: false }
})
const anyFields = { projectId, name: listPersonasInput.shape.name, ...sceneFields }

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
function ask<T>(caller: Caller, path: string, input: object): Promise<T> {
  const procedure = procedures.get(path)
  if (procedure === undefined) throw new Error(`${path} is no tool`)
  // Each path below answers what is said of it there.
  return caller.call(procedure, input) as Promise<T>
}

async function pageOf(caller: Caller, input: object) {
  const page = await ask<{ items: unknown; nextCursor?: string }>(caller, 'personas.page', input)
  return { ...page, items: itemsOf<Persona>(page.items, { most: Number.POSITIVE_INFINITY }).items }
}

/** The personas of the connection's project as prompts, a page of them, behind the one for any persona. */
export async function listPrompts(caller: Caller, { cursor }: { cursor?: string | undefined }) {
  const { projectId } = caller
  if (projectId === undefined) {
    if (cursor !== undefined) throw invalid('cursor is not one of this list')
    return { prompts: [anyPersona] }
  }
  const { items, nextCursor } = await pageOf(caller, { projectId, limit: PAGE, cursor })
  const prompts = items
    // Two prompts of one name could not be told apart; that persona is had by the one for any.
    .filter(({ name }) => name !== ANY)
    .map(({ name, description }): Prompt => ({ name, description, arguments: scene }))
  return { prompts: cursor === undefined ? [anyPersona, ...prompts] : prompts, nextCursor }
}

/** The instructions by which a model plays a persona, as a message of the user: MCP has no system role. */
export async function getPrompt(
  caller: Caller,
  { name: prompt, arguments: given = {} }: { name: string; arguments?: Record<string, string> | undefined },
): Promise<GetPromptResult> {
  const isAny = prompt === ANY
  refuseUnknown(unknownFields(isAny ? anyFields : sceneFields, given))
  const named = isAny ? given : { name: prompt }
  const { projectId = caller.projectId, name, ...scenery } = { ...given, ...named }
  if (!projectId || !name) throw invalid('The prompt needs the arguments projectId and name')
  const [persona] = (await pageOf(caller, { projectId, name, limit: 1 })).items
  if (persona === undefined)
    throw invalid(`There is no persona of this name in the project: ${name.slice(0, 200)}`)
  const input = { ...scenery, projectId, id: persona.id }
  const { system } = await ask<{ system: string }>(caller, 'personas.prompt', input)
  return {
    ...(persona.description && { description: persona.description }),
    messages: [{ role: 'user', content: { type: 'text', text: system } }],
  }
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

interface Completion {
  ref: { type: string; name?: string | undefined }
  argument: { name: string; value: string }
  context?: { arguments?: Record<string, string> | undefined } | undefined
}

/** Names of the project's personas that have the value. Beyond so many pages it is not known how many there are. */
async function namesWith(caller: Caller, { projectId, value }: { projectId: string; value: string }) {
  // What cannot be looked for is in no name.
  if (!listPersonasInput.shape.q.safeParse(value).success) return { values: [], hasMore: false }
  const values: string[] = []
  const wanted = folded(value.trim())
  let cursor: string | undefined
  for (let pages = 0; pages < MOST_PAGES && values.length <= PAGE; pages += 1) {
    // A word may also be found in descriptions and tags.
    const page = await pageOf(caller, { projectId, q: value, sort: 'name', limit: 500, cursor })
    values.push(...page.items.map(({ name }) => name).filter((name) => folded(name).includes(wanted)))
    cursor = page.nextCursor
    if (cursor === undefined) break
  }
  const hasMore = cursor !== undefined || values.length > PAGE
  return { values: values.slice(0, PAGE), ...(cursor === undefined && { total: values.length }), hasMore }
}

/** Projects and names of personas that have what is written so far; letters compare without case and accents. */
export async function complete(caller: Caller, { ref, argument: { name, value }, context }: Completion) {
  if (ref.type !== 'ref/prompt') throw invalid('There are no resources, only prompts')
  const projectId = context?.arguments?.projectId ?? caller.projectId
  if (ref.name === ANY && name === 'projectId') {
    const keeps = ({ id }: Project) => folded(id).includes(folded(value))
    const found = itemsOf<Project>(await ask(caller, 'projects.list', {}), { most: PAGE, keeps })
    const values = found.items.map(({ id }) => id)
    return { completion: { values, total: found.total, hasMore: found.total > PAGE } }
  }
  if (ref.name === ANY && name === 'name' && projectId !== undefined) {
    return { completion: await namesWith(caller, { projectId, value }) }
  }
  return { completion: { values: [], total: 0, hasMore: false } }
}
