import type { z } from 'zod'
import { type AppRouter, appRouter } from './router.js'
import type { Meta, RestMeta } from './trpc.js'

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
  /** An example of its input, from the schema's meta; the path's parameters stand in the path. */
  example: unknown
}

/** The operations that the router shows in REST; routes and document are both made from these. */
export function operations(): Operation[] {
  // Flat at run time, by dotted path; each entry answers to the one call signature.
  const procedures = appRouter._def.procedures as unknown as Record<string, Procedure>
  return Object.entries(procedures).flatMap(([path, procedure]) => {
    // Every procedure is made by trpc.ts, whose meta is of this type.
    const { openapi, rest } = (procedure._def.meta ?? {}) as Meta
    if (openapi === undefined || rest === undefined) return []
    // Inputs of routes are objects, which trpc-to-openapi insists on too.
    const input = procedure._def.inputs[0] as z.ZodObject | undefined
    return [{ path, procedure, openapi, rest, fields: input?.shape ?? {}, example: input?.meta()?.example }]
  })
}
