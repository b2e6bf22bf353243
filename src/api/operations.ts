import { z } from 'zod'
import type { ErrorEntry } from '../errors/error.js'
import { type PublicError, publicError } from '../errors/public.js'
import { type AppRouter, appRouter } from './router.js'
import type { Meta, RestMeta, ToolMeta } from './trpc.js'

type Procedure = AppRouter['_def']['procedures']['personas']['list']

/** A procedure that shows itself in REST, as its declaration says. */
export interface Operation {
  /** The procedure's dotted path in the router. */
  path: string
  procedure: Procedure
  openapi: NonNullable<Meta['openapi']>
  rest: RestMeta
  /** The schemas of its input's fields. */
  fields: Record<string, z.core.$ZodType>
  /** The errors of its own. */
  errors: readonly ErrorEntry[]
  /** Input that its schema does not take, if it takes not all. */
  invalid: Record<string, unknown> | undefined
  /** An example of its input, from the schema's meta; the path's parameters stand in the path. */
  example: unknown
}

// Flat at run time, by dotted path; each entry answers to the one call signature.
const procedures = appRouter._def.procedures as unknown as Record<string, Procedure>

/** The declared input of a procedure, by its dotted path; undefined where there is none. */
export function inputOf(path: string): z.core.$ZodType | undefined {
  // Inputs are schemas of zod.
  return procedures[path]?._def.inputs[0] as z.core.$ZodType | undefined
}

/** A procedure that shows itself to agents, as its declaration says. */
export interface ToolProcedure {
  /** The procedure's dotted path in the router. */
  path: string
  procedure: Procedure
  mcp: ToolMeta
  /** Its texts for REST, where it has any. */
  openapi: Meta['openapi']
  takesLong: boolean
  input: z.ZodObject
  output: z.ZodType
}

/** The procedures that declare themselves tools of MCP. */
export function toolProcedures(): ToolProcedure[] {
  return Object.entries(procedures).flatMap(([path, procedure]) => {
    // Every procedure is made by trpc.ts, whose meta is of this type.
    const { mcp, openapi, rest } = (procedure._def.meta ?? {}) as Meta
    if (mcp === undefined) return []
    // Inputs are objects, or absent where there is nothing to say; tRPC keeps the output's schema beside its type.
    const input = inputOf(path)
    const { output } = procedure._def as unknown as { output: z.ZodType }
    return [
      {
        path,
        procedure,
        mcp,
        openapi,
        takesLong: rest?.takesLong === true,
        input: input instanceof z.ZodObject ? input : z.object({}),
        output,
      },
    ]
  })
}

/** The operations that the router shows in REST; routes and document are both made from these. */
export function operations(): Operation[] {
  return Object.entries(procedures).flatMap(([path, procedure]) => {
    // Every procedure is made by trpc.ts, whose meta is of this type.
    const { openapi, rest, errors = [], invalid } = (procedure._def.meta ?? {}) as Meta
    if (openapi === undefined || rest === undefined) return []
    // Inputs of routes are objects, which trpc-to-openapi insists on too.
    const input = procedure._def.inputs[0] as z.ZodObject | undefined
    const { example } = input?.meta() ?? {}
    return [{ path, procedure, openapi, rest, errors, invalid, fields: input?.shape ?? {}, example }]
  })
}

/**
 * What callers get for an input that is not valid: the example of the whole or of its fields, but for `invalid`.
 * @throws Error where the schemas take it
 */
export function inputError(
  { fields, example: whole }: Pick<Operation, 'fields'> & Partial<Pick<Operation, 'example'>>,
  invalid: Record<string, unknown>,
): PublicError {
  const examples = Object.entries(fields).flatMap(([name, field]) => {
    const { example } = z.globalRegistry.get(field) ?? {}
    return example === undefined ? [] : [[name, example] as const]
  })
  const { error } = z.object(fields).safeParse({
    ...Object.fromEntries(examples),
    ...(typeof whole === 'object' && whole),
    ...invalid,
  })
  if (error === undefined) throw new Error(`An input is valid that should not be: ${JSON.stringify(invalid)}`)
  return publicError(error)
}
