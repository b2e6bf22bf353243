// Writes src/client/types.ts, the plain interfaces that TypeScript callers see, from the procedures' schemas;
// with --check it only checks that the committed file is up to date.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import { z } from 'zod'
import { IMPORT } from '../src/api/files.js'
import { inputError } from '../src/api/operations.js'
import { appRouter } from '../src/api/router.js'
import type { Meta } from '../src/api/trpc.js'
import * as fileSchemas from '../src/files/schema.js'
import * as imageSchemas from '../src/images/schema.js'
import * as personaSchemas from '../src/personas/schema.js'
import * as versionSchemas from '../src/personas/versions.js'
import * as projectSchemas from '../src/projects/schema.js'
import { comment, type Schema, toDeclaration, toType } from './client-types/typescript.js'

/** What the generator reads of a procedure. */
interface Procedure {
  path: string
  type: 'query' | 'mutation'
  input: z.ZodType
  output: z.ZodType
  meta: Meta | undefined
}

const CALL = { query: 'query', mutation: 'mutate' } as const
/** What is said of procedures that REST has no route for, and so no texts. */
const TRPC_ONLY: Record<string, string> = {
  'personas.page': 'A page of what `personas.list` returns, and where the next one starts.',
  'personas.import': IMPORT,
  'personas.versionsPage': 'A page of the persona’s versions, newest first, and where the next one starts.',
}
const CODES = Object.keys(TRPC_ERROR_CODES_BY_KEY) as TRPC_ERROR_CODE_KEY[]

const OWN_TYPES = `// Made by scripts/client-types.ts from the schemas of the procedures: change those, never this.

/** What each call takes beside its input. */
export interface CallOptions {
  /**
   * Ends the wait for the answer: the call rejects with the signal's reason, and a change that has reached the
   * service may be made all the same. A call with a signal is sent in a request of its own, and not at all once
   * the signal is aborted.
   */
  signal?: AbortSignal | undefined
}

/** Why a call was refused: tRPC's codes. */
export type PersonasErrorCode = ${CODES.map((code) => `'${code}'`).join(' | ')}
`

/** Schemas without a name of their own are called as their modules export them. */
const exported = new Map<unknown, string>(
  [personaSchemas, versionSchemas, fileSchemas, projectSchemas, imageSchemas].flatMap((module) =>
    Object.entries(module).map(([name, schema]) => [schema, name.replace(/^./, (a) => a.toUpperCase())]),
  ),
)
/** The types met so far by name, the calls that each was met in, and whether callers give it. */
const named = new Map<string, { schema: Schema; calls: Set<string>; given: boolean }>()

function procedures(): Procedure[] {
  // The router keeps its procedures by dotted path; what each was declared with is in its `_def`.
  const declared = appRouter._def.procedures as unknown as Record<
    string,
    { _def: { type: 'query' | 'mutation'; inputs: z.ZodType[]; output?: z.ZodType; meta?: Meta } }
  >
  return Object.entries(declared).map(([path, { _def }]) => {
    const { type, inputs, output, meta } = _def
    const [input] = inputs
    if (input === undefined || output === undefined) throw new Error(`${path} lacks an input or an output`)
    return { path, type, input, output, meta }
  })
}

function add(name: string, schema: Schema, { call, io }: { call: string; io: 'input' | 'output' }): void {
  const known = named.get(name) ?? { schema, calls: new Set(), given: false }
  if (toType(known.schema) !== toType(schema)) throw new Error(`${call}: ${name} is the name of two types`)
  known.calls.add(call)
  known.given ||= io === 'input'
  named.set(name, known)
}

/** The type of a procedure's input or output, whose parts that have names are added to the named types. */
function typeOf(schema: z.ZodType, io: 'input' | 'output', path: string): string {
  if (schema.def.type === 'void') return 'void'
  const call = `The ${io} of \`${path}\``
  const { $defs, ...whole } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  for (const [name, definition] of Object.entries($defs ?? {})) add(name, definition as Schema, { call, io })
  if (whole.type !== 'object' || Object.keys(whole.properties ?? {}).length === 0) return toType(whole)
  const { id, title } = schema.meta() ?? {}
  const name = id ?? title ?? exported.get(schema)
  if (name === undefined) throw new Error(`${call} has no name: export its schema`)
  add(name, whole, { call, io })
  return name
}

function documentation({ path, meta, input }: Procedure): string {
  const text = meta?.openapi?.description ?? TRPC_ONLY[path]
  if (text === undefined) throw new Error(`${path} is not described`)
  // Only objects are said to be invalid.
  const { shape } = input as z.ZodObject
  const invalid = meta?.invalid && inputError({ fields: shape, example: input.meta()?.example }, meta.invalid)
  const errors = [...(invalid ? [invalid] : []), ...(meta?.errors ?? []).map((entry) => entry.example())]
  const lines = errors.map(({ code, message }) => `@throws PersonasError ${code}: ${message}`)
  return [text, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n')
}

function member(procedure: Procedure): string {
  const { path, type, input, output } = procedure
  const optional = input.safeParse(undefined).success ? '?' : ''
  const parameters = `input${optional}: ${typeOf(input, 'input', path)}, options?: CallOptions`
  const call = `{ ${CALL[type]}: (${parameters}) => Promise<${typeOf(output, 'output', path)}> }`
  return `${comment(documentation(procedure), 4)}${path.split('.')[1]}: ${call}\n`
}

function client(): string {
  const groups = new Map<string, string>()
  for (const procedure of procedures()) {
    const group = procedure.path.split('.')[0] ?? ''
    groups.set(group, (groups.get(group) ?? '') + member(procedure))
  }
  const members = [...groups].map(([group, calls]) => `${group}: {\n${calls}}\n`)
  return `/** The calls of the service. */
export interface PersonasCalls {\n${members.join('')}}\n`
}

function declarations(): string[] {
  return [...named].map(([name, { schema, calls, given }]) => {
    const description = schema.description ?? [...calls].join('\n')
    // Callers may write undefined for what they leave out, under exactOptionalPropertyTypes too.
    return comment(description) + toDeclaration(name, schema, { orUndefined: given })
  })
}

function formatted(source: string): string {
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'))
  const args = [biome, 'format', '--stdin-file-path=src/client/types.ts']
  return execFileSync(process.execPath, args, { input: source, encoding: 'utf8' })
}

const calls = client()
const fresh = formatted([OWN_TYPES, ...declarations(), calls].join('\n'))
const file = new URL('../src/client/types.ts', import.meta.url)

if (!process.argv.includes('--check')) {
  writeFileSync(file, fresh)
} else if (readFileSync(file, 'utf8') !== fresh) {
  console.error('src/client/types.ts is stale: run "npm run generate" and commit it')
  process.exitCode = 1
}
