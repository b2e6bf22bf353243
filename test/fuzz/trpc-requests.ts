import fc from 'fast-check'
import { operations } from '../../src/api/operations.js'
import type { ApiDocument } from './document.js'
import type { Plan } from './requests.js'
import { nearlyValid, valid, wildText, wildValue } from './values.js'

interface Call {
  path: string
  isQuery: boolean
  /** Its input, once ids are known. */
  input: (id: (name: string) => string) => unknown
}

function callOf(document: ApiDocument, procedure: ReturnType<typeof operations>[number]): fc.Arbitrary<Call> {
  const { path, openapi, fields } = procedure
  const isQuery = procedure.procedure._def.type === 'query'
  const { operation } = document.find(openapi.method, openapi.path)
  const schema = operation?.body['application/json'] ?? { type: 'object', properties: {} }
  const content = fc.oneof(
    { weight: 5, arbitrary: valid(document, schema) },
    { weight: 3, arbitrary: nearlyValid(document, schema) },
    wildValue,
  )
  const keys = ['projectId', 'id', 'imageId'].filter((name) => name in fields)
  const odd = fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, wildValue)
  return fc.tuple(content, fc.tuple(...keys.map(() => odd))).map(([value, odds]) => ({
    path,
    isQuery,
    input: (id) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
      const filled = keys.map((name, at) => [name, odds[at] ?? id(name)])
      return { ...value, ...Object.fromEntries(filled) }
    },
  }))
}

/** Requests through tRPC: single calls and batches, of procedures that are there and others. */
export function trpcRequest(document: ApiDocument): fc.Arbitrary<Plan> {
  // Portraits take long to draw and deletions of projects leave nothing to meet: REST's requests do some.
  const left = ['personas.generateImage', 'projects.delete']
  const known = operations().filter(({ path }) => !left.includes(path))
  const page = {
    path: 'personas.page',
    isQuery: true,
    input: (id: (name: string) => string) => ({ projectId: id('projectId'), limit: 3 }),
  }
  const versions = {
    path: 'personas.versionsPage',
    isQuery: true,
    input: (id: (name: string) => string) => ({ projectId: id('projectId'), id: id('id'), limit: 1 }),
  }
  const unknown = fc.tuple(wildText, wildValue).map(([path, input]) => ({
    path: encodeURIComponent(path.toWellFormed().replaceAll(',', '')) || 'x',
    isQuery: true,
    input: () => input,
  }))
  const call: fc.Arbitrary<Call> = fc.oneof(
    { weight: 30, arbitrary: fc.oneof(...known.map((each) => callOf(document, each))) },
    { weight: 3, arbitrary: fc.constantFrom(page, versions) },
    unknown,
  )
  const calls = fc.oneof(
    { weight: 6, arbitrary: fc.array(call, { minLength: 1, maxLength: 1 }) },
    { weight: 3, arbitrary: fc.array(call, { minLength: 2, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(call, { minLength: 98, maxLength: 103, size: 'max' }) },
  )
  const broken = fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('{', '[]', 'null', '{"0":', '{"0":null,"1":5}', '5').map((text) => Buffer.from(text)),
  )
  return fc.tuple(calls, fc.nat(), fc.boolean(), broken).map(([chosen, at, batched, odd]) => (pool) => {
    const project = pool.projects[at % pool.projects.length] ?? ''
    const inputs = chosen.map(({ input }) => input((name) => pool.id(name, project, at)))
    const isBatch = batched || chosen.length > 1
    const json = JSON.stringify(isBatch ? Object.fromEntries(inputs.entries()) : inputs[0]) ?? ''
    const path = `/trpc/${chosen.map((each) => each.path).join(',')}${isBatch ? '?batch=1' : ''}`
    const isGet = chosen.every(({ isQuery }) => isQuery)
    if (isGet) {
      const input = encodeURIComponent(odd === undefined ? json.toWellFormed() : odd.toString('latin1'))
      return { method: 'GET', target: `${path}${isBatch ? '&' : '?'}input=${input}`, headers: {} }
    }
    const headers = { 'Content-Type': 'application/json' }
    return { method: 'POST', target: path, headers, body: odd ?? Buffer.from(json) }
  })
}
