import { operations } from '../../src/api/operations.js'

/** The service went away before its answer came: whether the call took effect is not known. */
export class InDoubt extends Error {}

/** What the service answered. */
export interface Answer {
  status: number
  // What an operation answers is checked by whoever calls it.
  value: any
}

export type Input = Record<string, unknown>

const byPath = new Map(operations().map((operation) => [operation.path, operation]))

async function send(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, init)
    const text = await response.text()
    return { status: response.status, value: text === '' ? undefined : JSON.parse(text) }
  } catch (cause) {
    throw new InDoubt('No whole answer came', { cause })
  }
}

const withJson = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

/** What is not in the path, as a query. */
function queryOf(input: Input): string {
  const pairs = Object.entries(input).map(([name, value]): [string, string] => [name, String(value)])
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

/** Calls an operation through REST. */
async function rest(base: string, procedure: string, input: Input): Promise<Answer> {
  const operation = byPath.get(procedure)
  if (operation === undefined) throw new Error(`There is no operation ${procedure}`)
  const { method, path } = operation.openapi
  const left = { ...input }
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    delete left[name]
    return encodeURIComponent(String(input[name]))
  })
  if (method === 'GET' || method === 'DELETE') return send(base + url + queryOf(left), { method })
  return send(base + url, withJson(method, left))
}

/** Calls an operation through tRPC; the status of a success is REST's. */
async function trpc(base: string, procedure: string, input: Input): Promise<Answer> {
  const operation = byPath.get(procedure)
  if (operation === undefined) throw new Error(`There is no operation ${procedure}`)
  const url = `${base}/trpc/${procedure}`
  const { status, value } = await (operation.procedure._def.type === 'query'
    ? send(`${url}?input=${encodeURIComponent(JSON.stringify(input))}`, {})
    : send(url, withJson('POST', input)))
  return status === 200
    ? { status: operation.rest.status, value: value.result.data }
    : { status, value: value.error }
}

/** Calls an operation through either interface, as chance has it. @throws InDoubt without an answer. */
export function call(base: string, procedure: string, input: Input): Promise<Answer> {
  return Math.random() < 0.5 ? rest(base, procedure, input) : trpc(base, procedure, input)
}

/** Imports rows as a file of JSON or JSON Lines, as chance has it. @throws InDoubt without an answer. */
export function importFile(base: string, project: string, rows: readonly object[]): Promise<Answer> {
  const url = `${base}/api/projects/${project}/personas/import`
  if (Math.random() < 0.5) return send(url, withJson('POST', rows))
  const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  return send(url, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body })
}

/** The bytes of an image; undefined where it is not found. */
export async function imageBytes(base: string, projectId: string, id: string): Promise<Buffer | undefined> {
  const response = await fetch(`${base}/api/projects/${projectId}/images/${id}`)
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`GET of image ${id} answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
