import { excerpt } from '../excerpt.js'

/** HTTP headers by name, in the order and spelling in which they were given. */
export type Headers = Record<string, string>

/** At most this many headers in one map. */
export const MAX_HEADERS = 64
/** Names and values together take at most this many bytes. */
const MAX_BYTES = 8192

// RFC 9110 §5.6.2 (token) and §5.5 (field-value, without obs-text).
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e]*$/

// Hop-by-hop headers (RFC 9110 §7.6.1) and those that frame the message belong to the connection, not to a
// persona; `__proto__` is a token by the letter, but no object map carries it safely.
const REFUSED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  '__proto__',
])

/** What is wrong with a value in a map of texts that is none. */
export const NOT_A_STRING = 'must be a string'

/** What is wrong with a map of headers: with one of them, or, without a name, with the whole. */
interface HeaderIssue {
  name?: string
  message: string
}

interface HeaderRules {
  /** The field's name as issues show it. */
  field?: string
  /** Whether names that only a connector may send are refused. */
  refuseConnectionHeaders: boolean
}

/**
 * Everything that is wrong with a value given as a map of headers: names are tokens and values visible ASCII,
 * spaces and tabs (RFC 9110); at most 64 headers, 8 KiB in all; no two names alike but for case.
 */
export function headerIssues(value: unknown, rules: HeaderRules): HeaderIssue[] {
  const field = rules.field ?? 'headers'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ message: `${field} must be an object of header names and string values` }]
  }
  // The keys alone first: a map of any size may come.
  if (Object.keys(value).length > MAX_HEADERS) {
    return [{ message: `${field} must hold at most ${MAX_HEADERS} headers` }]
  }
  const entries = Object.entries(value)
  const issues: HeaderIssue[] = []
  const seen = new Map<string, string>()
  let bytes = 0
  for (const [name, text] of entries) bytes += name.length + (typeof text === 'string' ? text.length : 0)
  if (bytes > MAX_BYTES) return [{ message: `${field} must take at most 8 KiB in all` }]
  for (const [name, text] of entries) {
    const lower = name.toLowerCase()
    const twin = seen.get(lower)
    const fault = twin === undefined ? faultOf(name, text, rules) : `is the same header as ${excerpt(twin)}`
    if (fault !== undefined) issues.push({ name, message: `${field}.${excerpt(name)} ${fault}` })
    seen.set(lower, name)
  }
  return issues
}

function faultOf(name: string, value: unknown, rules: HeaderRules): string | undefined {
  if (!TOKEN.test(name)) return "is not a header name (letters, digits and !#$%&'*+-.^_`|~ are allowed)"
  if (rules.refuseConnectionHeaders && REFUSED.has(name.toLowerCase())) {
    return 'belongs to the connection and cannot be set by a persona'
  }
  if (typeof value !== 'string') return NOT_A_STRING
  if (!VALUE.test(value)) return 'may hold visible ASCII characters, spaces and tabs only'
  return undefined
}

/**
 * The headers of a request made as a persona: the connector's with the persona's merged over them.
 *
 * Names compare without case (RFC 9110 §5.1). Where both have a header the persona's value and spelling win
 * in the connector's place; headers only the persona has follow. Pure: neither argument is changed, and
 * neither is checked.
 */
export function mergeHeaders(
  connectorHeaders: Readonly<Headers>,
  personaHeaders: Readonly<Headers> = {},
): Headers {
  const overrides = new Map(
    Object.entries(personaHeaders).map((entry) => [entry[0].toLowerCase(), entry] as const),
  )
  const placed = new Set<string>()
  const merged: [string, string][] = []
  for (const entry of Object.entries(connectorHeaders)) {
    const key = entry[0].toLowerCase()
    const override = overrides.get(key)
    // A connector may spell one header twice; the override stands in the first place, once.
    if (override === undefined) merged.push(entry)
    else if (!placed.has(key)) merged.push(override)
    placed.add(key)
  }
  for (const [key, entry] of overrides) if (!placed.has(key)) merged.push(entry)
  // fromEntries defines own properties, so that a connector header named __proto__ stays a header.
  return Object.fromEntries(merged)
}
