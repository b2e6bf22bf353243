/** A JSON Schema of the document. */
export type Schema = Record<string, any>

/** Which way a value goes: what callers send must still be accepted, and answers must have no new values. */
type Direction = 'sent' | 'answered'

/** How each of the two documents resolves a `$ref`. */
export interface Both {
  before: (part: Schema) => Schema
  after: (part: Schema) => Schema
}

interface Comparison {
  both: Both
  direction: Direction
  /** Where the schema is, as the report shows it. */
  at: string
}

/** Limits of which a larger value accepts less, and those of which a smaller one does. */
const LOWER_LIMITS = ['minLength', 'minimum', 'minItems', 'minProperties']
const UPPER_LIMITS = ['maxLength', 'maximum', 'maxItems', 'maxProperties']

/** A schema as a list of schemas of one type each; a value must match one of them. */
function alternatives(schema: Schema, resolve: (part: Schema) => Schema): Schema[] {
  const { anyOf, oneOf, type, ...rest } = resolve(schema)
  const several = anyOf ?? oneOf
  if (several !== undefined) return several.flatMap((each: Schema) => alternatives(each, resolve))
  return [type].flat().map((each) => ({ ...rest, ...(each !== undefined && { type: each }) }))
}

/** The values that a schema is limited to, if it lists them. */
function valuesOf({ enum: values, const: value }: Schema): unknown[] | undefined {
  return value === undefined ? values : [value]
}

function valueFaults(before: Schema, after: Schema, { direction, at }: Comparison): string[] {
  const [old, now] = [valuesOf(before), valuesOf(after)]
  const isSent = direction === 'sent'
  const [all, some] = isSent ? [old, now] : [now, old]
  if (some === undefined) return []
  if (all === undefined) return [`${at} ${isSent ? 'takes certain values only' : 'may be any value now'}`]
  const others = all.filter((value) => !some.includes(value))
  return others.map((value) => `${at} ${isSent ? 'no longer takes' : 'may now be'} ${JSON.stringify(value)}`)
}

function limitFaults(before: Schema, after: Schema, { direction, at }: Comparison): string[] {
  if (direction === 'answered') {
    return [undefined, after.format].includes(before.format) ? [] : [`${at} has another format`]
  }
  const faults: string[] = []
  for (const name of ['format', 'pattern', 'contentEncoding']) {
    if (after[name] !== undefined && after[name] !== before[name]) faults.push(`${at} has another ${name}`)
  }
  for (const name of LOWER_LIMITS) {
    if (after[name] > (before[name] ?? Number.NEGATIVE_INFINITY)) faults.push(`${at} has a higher ${name}`)
  }
  for (const name of UPPER_LIMITS) {
    if (after[name] < (before[name] ?? Number.POSITIVE_INFINITY)) faults.push(`${at} has a lower ${name}`)
  }
  return faults
}

function propertyFaults(before: Schema, after: Schema, comparison: Comparison): string[] {
  const { direction, at } = comparison
  const faults: string[] = []
  const [required, wanted] = [new Set(before.required), new Set<string>(after.required)]
  if (direction === 'sent') {
    for (const name of wanted) if (!required.has(name)) faults.push(`${at}.${name} is required now`)
  }
  for (const [name, schema] of Object.entries<Schema>(before.properties ?? {})) {
    const now = after.properties?.[name]
    if (now === undefined) faults.push(`${at}.${name} is gone`)
    else {
      if (direction === 'answered' && required.has(name) && !wanted.has(name))
        faults.push(`${at}.${name} may be absent now`)
      faults.push(...schemaFaults(schema, now, { ...comparison, at: `${at}.${name}` }))
    }
  }
  if (direction === 'sent' && after.additionalProperties === false && before.additionalProperties !== false) {
    faults.push(`${at} takes no other fields any more`)
  }
  return faults
}

/** What breaks between two schemas of one type. */
function plainFaults(before: Schema, after: Schema, comparison: Comparison): string[] {
  const { at } = comparison
  const isInteger = comparison.direction === 'sent' ? before.type === 'integer' : after.type === 'integer'
  const isWider = isInteger && [before.type, after.type].includes('number')
  if (before.type !== after.type && !isWider)
    return [`${at} is ${after.type ?? 'anything'}, not ${before.type ?? 'anything'}`]
  const faults = [
    ...valueFaults(before, after, comparison),
    ...limitFaults(before, after, comparison),
    ...propertyFaults(before, after, comparison),
  ]
  for (const [key, suffix] of [
    ['items', '[]'],
    ['additionalProperties', '.*'],
  ] as const) {
    if (typeof before[key] === 'object' && typeof after[key] === 'object') {
      faults.push(...schemaFaults(before[key], after[key], { ...comparison, at: `${at}${suffix}` }))
    }
  }
  return faults
}

/**
 * What breaks callers between two versions of a schema: a value that was accepted is an error now, or an
 * answer can contain a value that it could not before. Each line says where and what.
 */
export function schemaFaults(before: Schema, after: Schema, comparison: Comparison): string[] {
  const { both, direction } = comparison
  const old = alternatives(before, both.before)
  const now = alternatives(after, both.after)
  const [all, some] = direction === 'sent' ? [old, now] : [now, old]
  return all.flatMap((one) => {
    const tries = some.map((other) =>
      direction === 'sent' ? plainFaults(one, other, comparison) : plainFaults(other, one, comparison),
    )
    if (tries.some((faults) => faults.length === 0)) return []
    // The one of the same type has the most useful message.
    const nearest = some.findIndex(({ type }) => type === one.type)
    return tries[Math.max(nearest, 0)] ?? []
  })
}
