import type { z } from 'zod'
import { nearest } from './edits.js'
import { excerpt } from './excerpt.js'

/** The fields of an object, by name. */
export type Fields = Record<string, z.core.$ZodType>

/** What is not known of an input: where it is, and what may be meant. */
export interface Unknown {
  path: string[]
  message: string
}

function unknownAt(within: readonly string[], name: string, known: readonly string[]): Unknown {
  const at = (field: string) => [...within, excerpt(field)].join('.')
  const near = nearest(name, known)
  const hint = near === undefined ? `; known are ${known.join(', ')}` : `: did you mean ${at(near)}?`
  const fault = known.length === 0 ? 'is not expected here' : `is not known${hint}`
  return { path: [...within, name], message: `${at(name)} ${fault}` }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function* unknownIn(schema: z.core.$ZodType, value: unknown, path: readonly string[]): Generator<Unknown> {
  // Every schema is one of these; their definitions are told apart by `type`.
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type === 'object') yield* unknownFields(def.shape, value, path)
  else if (def.type === 'pipe') yield* unknownIn(def.in, value, path)
  else if ('innerType' in def) yield* unknownIn(def.innerType, value, path)
  else if (def.type === 'array' && Array.isArray(value)) {
    for (const [at, item] of value.entries()) yield* unknownIn(def.element, item, [...path, String(at)])
  }
}

/** The fields of an object that are not declared, at any depth; a map with free keys has none. */
export function* unknownFields(
  fields: Readonly<Fields>,
  value: unknown,
  path: readonly string[] = [],
): Generator<Unknown> {
  if (!isObject(value)) return
  for (const [name, field] of Object.entries(value)) {
    const declared = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (declared === undefined) yield unknownAt(path, name, Object.keys(fields))
    else yield* unknownIn(declared, field, [...path, name])
  }
}

/** The same for the whole input of a procedure. */
export function unknownInput(schema: z.core.$ZodType | undefined, input: unknown): Iterable<Unknown> {
  return schema === undefined ? unknownFields({}, input) : unknownIn(schema, input, [])
}
