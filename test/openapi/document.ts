import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { buildDocument } from '../../src/openapi/document.js'

/** A part of the document. */
export type Part = Record<string, any>

/** An operation, and where it is. */
export interface Declared {
  id: string
  method: string
  path: string
  operation: Part
}

export const document: Part = buildDocument()

/** What a `$ref` of the document stands for; other parts are themselves. */
export function resolve(part: Part): Part {
  if (typeof part.$ref !== 'string') return part
  const steps = part.$ref.slice('#/'.length).split('/')
  return steps.reduce((found: Part, step) => found[step], document)
}

export const declared: Declared[] = Object.entries<Part>(document.paths).flatMap(([path, item]) =>
  Object.entries<Part>(item).map(([method, operation]) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    operation,
  })),
)

/** The document with every object closed: what it does not describe is a fault in a test. */
function closed(part: any): any {
  if (Array.isArray(part)) return part.map(closed)
  if (typeof part !== 'object' || part === null) return part
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]))
  const isOpen =
    part.type === 'object' && part.properties !== undefined && part.additionalProperties === undefined
  return isOpen ? { ...copy, additionalProperties: false } : copy
}

const ajv = new Ajv2020({ allowUnionTypes: true, allErrors: true })
formats.default(ajv)
ajv.addVocabulary(Object.keys(document))
ajv.addSchema({ ...closed(document), $id: 'document' })

/** Names what is wrong with a value by a schema of the document; empty where nothing is. */
export function faults(value: unknown, schema: Part): string[] {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/', '"document#/')
  const validate = ajv.compile(JSON.parse(text))
  validate(value)
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

/** The examples of a media type, parameter or header. */
export function examplesOf({ example, examples = {} }: Part): unknown[] {
  const named = Object.values<Part>(examples).map((each) => resolve(each).value)
  return example === undefined ? named : [example, ...named]
}
