import { operations } from '../../src/api/operations.js'
import { type Answered, type Asked, batchedMutations, batchOf } from '../support/ask.js'
import type { Random } from './random.js'

export type Input = Record<string, unknown>
export type Interface = 'rest' | 'trpc' | 'batch'

const byPath = new Map(operations().map((operation) => [operation.path, operation]))

/** One of the interfaces. */
export const through = (random: Random) => random.of<Interface>(['rest', 'trpc', 'batch'])

function operationOf(procedure: string) {
  const operation = byPath.get(procedure)
  if (operation === undefined) throw new Error(`There is no operation ${procedure}`)
  return operation
}

/** What is not in the path, as a query. */
function queryOf(left: Input, names: Record<string, string> = {}): string {
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(left))
    for (const each of [value].flat()) query.append(names[field] ?? field, String(each))
  return query.size === 0 ? '' : `?${query}`
}

function restRequest(procedure: string, input: Input): Asked {
  const { openapi, rest } = operationOf(procedure)
  const { method } = openapi
  const left = { ...input }
  const path = openapi.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    delete left[name]
    return encodeURIComponent(String(input[name]))
  })
  if (method === 'GET') return { path: path + queryOf(left, rest.names) }
  const body = method !== 'DELETE' && Object.keys(left).length > 0 ? JSON.stringify(left) : undefined
  return { method, path, ...(body !== undefined && { body }) }
}

/** The request that calls a procedure with each of the inputs: several go in a batch alone. */
export function requestOf(procedure: string, inputs: Input[], interfaceName: Interface): Asked {
  const [input = {}] = inputs
  const isQuery = operationOf(procedure).procedure._def.type === 'query'
  if (interfaceName === 'rest') return restRequest(procedure, input)
  if (interfaceName === 'batch') return (isQuery ? batchOf : batchedMutations)(procedure, inputs)
  if (!isQuery) return { path: `/trpc/${procedure}`, body: JSON.stringify(input) }
  return { path: `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}` }
}

/** What a call was answered: the value of a success, or the status of an error. */
export type Outcome = { status?: undefined; value: any } | { status: number; value?: undefined }

/** The outcome of each of the calls of a request. */
export function outcomesOf(
  { status, body }: Answered,
  { through: interfaceName, count }: { through: Interface; count: number },
): Outcome[] {
  const value = body.length === 0 ? undefined : JSON.parse(body.toString())
  if (interfaceName === 'rest') return [status < 300 ? { value } : { status }]
  const all = Array.isArray(value) ? value : Array(count).fill(value)
  return all.map(({ result, error }) =>
    error === undefined ? { value: result?.data } : { status: error.data.httpStatus },
  )
}

/** Errors after which it is not known whether a write took effect. */
export const UNKNOWN = [408, 500, 503, 504]
/** Errors that a caller may meet through no fault of its own, after which nothing has changed. */
export const REFUSED = [429, 502]
