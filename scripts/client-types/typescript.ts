import type { z } from 'zod'

export type Schema = z.core.JSONSchema.BaseSchema

/** Longest line of the project, in columns. */
const WIDTH = 110

/** A text wrapped to lines of so many characters. */
function wrap(text: string, room: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = ['']
    for (const word of paragraph.split(' ')) {
      const line = lines.at(-1) ?? ''
      if (line !== '' && line.length + 1 + word.length > room) lines.push(word)
      else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
    }
    return lines
  })
}

/** A doc comment; empty for an empty text. */
export function comment(text: string, indent = 0): string {
  if (text === '') return ''
  if (!text.includes('\n') && text.length + 7 + indent <= WIDTH) return `/** ${text} */\n`
  const lines = wrap(text, WIDTH - indent - 3)
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`
}

function lengthLimits({ anyOf, minLength, maxLength }: Schema): string {
  const [text] = anyOf ?? []
  if (typeof text === 'object') return lengthLimits(text)
  if (maxLength === undefined) return ''
  const max = `${maxLength.toLocaleString('en-US')} characters`
  return minLength === undefined ? `At most ${max}` : `${minLength} to ${max}`
}

function describe(property: Schema): string {
  return [property.description ?? '', lengthLimits(property)].filter((text) => text !== '').join('. ')
}

interface TypeOptions {
  indent?: number
  /** Whether a member that may be left out may be undefined too. */
  orUndefined?: boolean
}

/** A JSON Schema as a TypeScript type. @throws Error for a schema it has no type for. */
export function toType(schema: Schema, options: TypeOptions = {}): string {
  if (schema.$ref !== undefined) return schema.$ref.replace('#/$defs/', '')
  if (schema.anyOf !== undefined)
    return schema.anyOf.map((each) => toType(each as Schema, options)).join(' | ')
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  // zod writes a type or null as a list of types, which its own declarations do not include.
  const types: unknown = schema.type
  if (Array.isArray(types)) return types.map((type) => toType({ ...schema, type }, options)).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'number':
    case 'integer':
      return 'number'
    case 'array': {
      const item = toType(schema.items as Schema, options)
      return /^\w+$/.test(item) ? `${item}[]` : `Array<${item}>`
    }
    case 'object':
      return toObject(schema, options)
    default:
      throw new Error(`There is no type for ${JSON.stringify(schema)}`)
  }
}

function toObject(schema: Schema, options: TypeOptions): string {
  const { orUndefined = false } = options
  const indent = (options.indent ?? 0) + 2
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  const values = schema.additionalProperties
  if (properties.length === 0) {
    if (values === true) return 'object'
    return `Record<string, ${typeof values === 'object' ? toType(values, options) : 'never'}>`
  }
  const members = properties.map(([name, property]) => {
    const required = schema.required?.includes(name) === true
    const type = toType(property, { indent, orUndefined })
    const member = `${name}${required ? '' : '?'}: ${type}${orUndefined && !required ? ' | undefined' : ''}`
    return `${comment(describe(property), indent)}${member}\n`
  })
  return `{\n${members.join('')}}`
}

/** The declaration of a type that has a name. */
export function toDeclaration(name: string, schema: Schema, options?: TypeOptions): string {
  const isInterface = schema.type === 'object' && Object.keys(schema.properties ?? {}).length > 0
  return isInterface
    ? `export interface ${name} ${toType(schema, options)}\n`
    : `export type ${name} = ${toType(schema, options)}\n`
}
