import { expect } from 'vitest'
import { type Declared, declared, examplesOf, faults, type Part, resolve } from './document.js'

/** Headers that are documented wherever they are sent. */
const HEADERS = ['etag', 'link', 'x-next-cursor', 'retry-after', 'www-authenticate', 'x-request-id']

/** A picture of one pixel. */
const PIXEL = new Uint8Array(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
)

function operationOf(method: string, target: string): Declared {
  const path = target.split('?', 1)[0]?.split('/') ?? []
  const fits = (template: string[]) =>
    template.length === path.length && template.every((step, at) => step.startsWith('{') || step === path[at])
  // A path of its own comes before one that has it as a parameter (OpenAPI 3.1, "Path Templating Matching").
  const [found] = declared
    .filter((each) => each.method === method && fits(each.path.split('/')))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  return found ?? expect.fail(`${method} ${target} is not in the document`)
}

/** The operations and statuses that were seen, as `getPersona 200`. */
export const seen = new Set<string>()

/** Holds an answer to what the document says of it, and answers its body where that is JSON. */
export async function hold(method: string, target: string, response: Response): Promise<any> {
  const { id, operation } = operationOf(method, target)
  const { status } = response
  const what = `${id} ${status}`
  const body = Buffer.from(await response.arrayBuffer())
  const description = operation.responses[status]
  if (description === undefined) expect.fail(`${what} is not declared: ${body}`)
  const { headers = {}, content } = resolve(description)
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  for (const name of HEADERS) {
    if (response.headers.has(name)) expect(names, `${what} sends ${name}`).toContain(name)
  }
  for (const name of ['etag', 'x-request-id', 'cache-control', 'www-authenticate']) {
    if (names.includes(name)) expect(response.headers.has(name), `${what} declares ${name}`).toBe(true)
  }
  seen.add(what)
  if (content === undefined) {
    expect([body.length, response.headers.get('content-type')], what).toEqual([0, null])
    return undefined
  }
  const type = response.headers.get('content-type')?.split(';', 1)[0] ?? ''
  const media = content[type] ?? expect.fail(`${what} has the type ${type}`)
  if (type !== 'application/json') return body
  const value = JSON.parse(body.toString())
  expect(faults(value, media.schema), what).toEqual([])
  return value
}

/** A request as the document shows it: parameters of the path and the body are its examples. */
export function shown({ path, operation }: Declared, values: Record<string, string> = {}) {
  const parameters: Record<string, unknown> = { ...values }
  for (const each of (operation.parameters ?? []).map(resolve)) {
    parameters[each.name] ??= each.example ?? resolve(each.schema).enum?.[0]
  }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(parameters[name])))
  const all: Part[] = operation.parameters ?? []
  const required = all.map(resolve).filter((each) => each.in === 'query' && each.required)
  const query = new URLSearchParams(
    required.map(({ name }): [string, string] => [name, String(parameters[name])]),
  )
  const target = required.length === 0 ? filled : `${filled}?${query}`
  const content: Part = operation.requestBody?.content ?? {}
  if ('application/octet-stream' in content) {
    return { target, init: { body: PIXEL, headers: { 'content-type': 'application/octet-stream' } } }
  }
  const media = content['application/json']
  if (media === undefined) return { target, init: {} }
  const [body] = examplesOf(media)
  return { target, init: { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } }
}
