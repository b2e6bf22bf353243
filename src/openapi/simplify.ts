import type { oas31 } from 'zod-openapi'

type Schema = oas31.SchemaObject

/** Whether a schema stands elsewhere. */
export function isReference(schema: Schema | oas31.ReferenceObject): schema is oas31.ReferenceObject {
  return typeof schema.$ref === 'string'
}

/** `anyOf` one schema of one type and null, as one schema of either type. */
function mergeNull({ anyOf, ...rest }: Schema): Schema | undefined {
  const [schema, other, ...more] = anyOf ?? []
  if (schema === undefined || other === undefined || more.length > 0) return undefined
  if (isReference(schema) || isReference(other) || other.type !== 'null') return undefined
  if (typeof schema.type !== 'string' || schema.enum !== undefined) return undefined
  return { ...schema, ...rest, type: [schema.type, 'null'] }
}

/**
 * Writes a schema, and those within it, as a person would. Objects stay open, so that a field that comes later
 * breaks no client that validates; null is a type beside another; examples stand as JSON Schema has them.
 */
export function simplify(schema: Schema | oas31.ReferenceObject): void {
  if (isReference(schema)) {
    // The generator repeats some of what the component says next to the reference.
    for (const key of Object.keys(schema)) {
      if (key !== '$ref' && key !== 'description') Reflect.deleteProperty(schema, key)
    }
    return
  }
  const merged = mergeNull(schema)
  if (merged !== undefined) {
    delete schema.anyOf
    Object.assign(schema, merged)
  }
  const { example, additionalProperties, properties, items, anyOf, allOf } = schema
  if (example !== undefined) schema.examples = [example]
  delete schema.example
  if (additionalProperties === false) delete schema.additionalProperties
  for (const each of [Object.values(properties ?? {}), items, anyOf, allOf].flat()) {
    if (each !== undefined) simplify(each)
  }
}

/** Says once, of a parameter, what the generator says of its schema too. */
export function simplifyParameter<T extends oas31.ParameterObject | oas31.ReferenceObject>(parameter: T): T {
  if (!('schema' in parameter) || parameter.schema === undefined) return parameter
  const { schema } = parameter
  const { description } = schema
  const said = { ...(description !== undefined && { description }), ...parameter }
  if (isReference(schema)) return { ...said, schema: { $ref: schema.$ref } }
  const { description: _, example, ...plain } = schema
  return { ...said, ...(example !== undefined && { example }), schema: plain }
}
