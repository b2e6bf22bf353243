import { type Both, type Schema, schemaFaults } from './schemas.js'

/** An OpenAPI document. */
export type Document = Record<string, any>

const METHODS = ['get', 'put', 'post', 'delete', 'patch']

function resolver(document: Document): (part: Schema) => Schema {
  return (part) => {
    if (typeof part.$ref !== 'string') return part
    const steps = part.$ref.slice('#/'.length).split('/')
    return steps.reduce(
      (found: Schema, step) => found[step.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    )
  }
}

interface Pair {
  before: Schema
  after: Schema
  both: Both
  at: string
}

function parameterFaults({ before, after, both, at }: Pair): string[] {
  const keyed = (parameters: Schema[], resolve: Both['before']) =>
    new Map((parameters ?? []).map(resolve).map((each) => [`${each.in} ${each.name}`, each]))
  const [old, now] = [keyed(before.parameters, both.before), keyed(after.parameters, both.after)]
  const faults: string[] = []
  for (const [key, parameter] of now) {
    if (parameter.required === true && old.get(key)?.required !== true)
      faults.push(`${at}: ${key} is required now`)
  }
  for (const [key, parameter] of old) {
    const place = `${at}: ${key}`
    const next = now.get(key)
    if (next === undefined) faults.push(`${place} is gone`)
    else faults.push(...schemaFaults(parameter.schema, next.schema, { both, direction: 'sent', at: place }))
  }
  return faults
}

function bodyFaults({ before, after, both, at }: Pair): string[] {
  const old = both.before(before.requestBody ?? {})
  const now = both.after(after.requestBody ?? {})
  const faults: string[] = []
  if (now.required === true && old.required !== true) faults.push(`${at}: a body is required now`)
  return [...faults, ...contentFaults({ before: old, after: now, both, at: `${at}: body` }, 'sent')]
}

function contentFaults({ before, after, both, at }: Pair, direction: 'sent' | 'answered'): string[] {
  return Object.entries<Schema>(before.content ?? {}).flatMap(([type, media]) => {
    const next = after.content?.[type]
    if (next === undefined) return [`${at}: ${type} is gone`]
    return schemaFaults(media.schema ?? {}, next.schema ?? {}, { both, direction, at })
  })
}

function responseFaults({ before, after, both, at }: Pair): string[] {
  return Object.entries<Schema>(before.responses).flatMap(([status, response]) => {
    const place = `${at}: ${status}`
    const next = after.responses[status]
    // An error that can no longer occur breaks nobody.
    if (next === undefined) return status < '400' ? [`${place} is gone`] : []
    const pair = { before: both.before(response), after: both.after(next), both, at: place }
    const gone = Object.keys(pair.before.headers ?? {}).filter(
      (name) => !(name in (pair.after.headers ?? {})),
    )
    return [...gone.map((name) => `${place}: header ${name} is gone`), ...contentFaults(pair, 'answered')]
  })
}

function needsKey(document: Document, operation: Schema): boolean {
  const ways: object[] = operation.security ?? document.security ?? []
  return ways.length > 0 && ways.every((way) => Object.keys(way).length > 0)
}

/**
 * What in a document breaks callers of an earlier one; one line each. Additions do not: paths, operations, optional
 * parameters and fields, fields of answers, errors, more accepted values. Nor do names of components: nothing on the
 * wire has them, and code that is generated again takes the new ones. (An `operationId` is what callers write.)
 */
export function breakingChanges(before: Document, after: Document): string[] {
  const both = { before: resolver(before), after: resolver(after) }
  const faults: string[] = []
  for (const [path, item] of Object.entries<Schema>(before.paths)) {
    for (const method of METHODS.filter((each) => each in item)) {
      const at = `${method.toUpperCase()} ${path}`
      const operation = after.paths[path]?.[method]
      if (operation === undefined) {
        faults.push(`${at} is gone`)
        continue
      }
      const pair = { before: item[method], after: operation, both, at }
      if (pair.before.operationId !== operation.operationId)
        faults.push(`${at} is called ${operation.operationId} now`)
      if (needsKey(after, operation) && !needsKey(before, pair.before)) faults.push(`${at} needs a key now`)
      faults.push(...parameterFaults(pair), ...bodyFaults(pair), ...responseFaults(pair))
    }
  }
  return [...new Set(faults)]
}

/**
 * Whether a version may break what an earlier one promised: by semver the first number that is not 0 counts
 * (https://semver.org §4, §8), as it does for npm's `^`.
 */
export function mayBreak(before: string, after: string): boolean {
  const [old, now] = [before, after].map((version) => version.split(/[.+-]/).slice(0, 3).map(Number))
  const at = old?.findIndex((number) => number > 0) ?? -1
  if (old === undefined || now === undefined || at === -1) return before !== after
  const changed = old.findIndex((number, index) => number !== now[index])
  return changed !== -1 && changed <= at && (now[changed] ?? 0) > (old[changed] ?? 0)
}
