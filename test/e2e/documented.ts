// Walks a running service through the examples of its own OpenAPI document, from an empty project to none:
// every operation with its documented request, and every answer against the documented status and fields.
// usage: npx tsx test/e2e/documented.ts http://localhost:3000     PERSONAS_API_KEY: a key, where it has any
import { readFileSync } from 'node:fs'
import { imageNotFound } from '../../src/errors/images.js'
import { personaNotFound } from '../../src/errors/personas.js'
import { noProvider } from '../../src/errors/portraits.js'

const base = (process.argv[2] ?? 'http://localhost:3000').replace(/\/$/, '')
const headers: Record<string, string> = process.env.PERSONAS_API_KEY
  ? { Authorization: `Bearer ${process.env.PERSONAS_API_KEY}` }
  : {}
const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'))
const project = `documented-${crypto.randomUUID()}`
const ids: Record<string, string> = { projectId: project }
let passed = 0
let failed = 0

interface Media {
  example?: object
  examples?: Record<string, { value: object }>
}
interface Operation {
  operationId: string
  requestBody?: { content: { 'application/json'?: Media } }
  responses: Record<string, { content?: { 'application/json'?: Media } }>
}

/** The example, or the first where there are several. */
function exampleOf(media: Media | undefined): object | undefined {
  return media?.example ?? Object.values(media?.examples ?? {})[0]?.value
}

function check(what: string, holds: boolean, seen: unknown) {
  if (holds) passed += 1
  else {
    failed += 1
    console.log(`not ok: ${what}: ${JSON.stringify(seen)?.slice(0, 300)}`)
  }
}

function find(operationId: string): { method: string; path: string; operation: Operation } {
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.operationId === operationId) return { method: method.toUpperCase(), path, operation }
    }
  }
  throw new Error(`The document has no operation ${operationId}`)
}

// An answer's shape is what this script is about to find out.
type Answer = any

/** Sends an operation's example and holds the answer to its documented success, or to an expected error. */
async function walk(operationId: string, expected?: { status: number; message: string }): Promise<Answer> {
  const { method, path, operation } = find(operationId)
  const url = base + path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(ids[name] ?? ''))
  const body = exampleOf(operation.requestBody?.content['application/json'])
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const answer: Answer = isJson ? await response.json() : await response.arrayBuffer()
  const documented = operation.responses[response.status]
  check(`${operationId}: ${response.status} is documented`, documented !== undefined, answer)
  if (expected !== undefined) {
    const { status, message } = expected
    check(`${operationId} is refused`, response.status === status && answer.message === message, answer)
    return answer
  }
  check(`${operationId} succeeds`, response.ok, answer)
  check(`${operationId} has a request id`, response.headers.has('x-request-id'), [...response.headers])
  const example = exampleOf(documented?.content?.['application/json'])
  if (example !== undefined && !Array.isArray(example)) {
    // Optional fields of the example need not be there; those that are must be of its types.
    const odd = Object.entries(example).filter(
      ([key, value]) => key in answer && typeof answer[key] !== typeof value,
    )
    check(`${operationId} answers in the shape of its example`, odd.length === 0, odd)
  }
  return answer
}

await walk('getHealth')
await walk('getReadiness')
await walk('listPersonas')
const persona = await walk('createPersona')
await walk('createPersona', { status: 409, message: `Persona with name "${persona.name}" already exists` })
ids.id = persona.id
check(
  'getPersona answers what was created',
  JSON.stringify(await walk('getPersona')) === JSON.stringify(persona),
  persona,
)
ids.id = persona.id.slice(0, 8)
check('a prefix of the id will do', (await walk('getPersona')).id === persona.id, ids.id)
check('listPersonas shows it', (await walk('listPersonas')).length === 1, persona)
check(
  'updatePersona moves updatedAt on',
  (await walk('updatePersona')).updatedAt > persona.updatedAt,
  persona,
)
await walk('mergePersonaHeaders')
await walk('generatePersonaImage', { status: 400, message: noProvider.text })
await walk('getProjectConfig')
await walk('updateProjectConfig')
ids.imageId = (await walk('uploadImage')).id
check('listImages shows it', (await walk('listImages')).ids.includes(ids.imageId), ids.imageId)
await walk('getImage')
await walk('deleteImage')
await walk('getImage', { status: 404, message: imageNotFound.text })
await walk('deletePersona')
await walk('getPersona', { status: 404, message: personaNotFound.text })
await walk('deleteProject')
ids.projectId = (await walk('createProject')).id
await walk('listProjects')
await walk('deleteProject')

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
