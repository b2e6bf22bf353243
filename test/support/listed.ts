import type { AnyProcedure } from '@trpc/server'
import type { Meta } from '../../src/api/trpc.js'
import { otherProject } from '../../src/errors/access.js'
import { nameOf, ofAnyProcedure } from '../../src/errors/catalogue.js'
import { ServiceError } from '../../src/errors/error.js'

/**
 * The same procedure, whose errors are held to the ones that its declaration lists, and those that any procedure
 * can return. `report` is told of another one, which goes to the caller all the same.
 */
export function heldToItsErrors(
  path: string,
  procedure: AnyProcedure,
  report: (fault: string) => void,
): AnyProcedure {
  // Every procedure is made by trpc.ts, whose meta is of this type.
  const { errors = [] } = (procedure._def.meta ?? {}) as Meta
  const listed = new Set([...errors, ...ofAnyProcedure, otherProject])
  async function held(call: Parameters<AnyProcedure>[0]): Promise<unknown> {
    try {
      return await procedure(call)
    } catch (error) {
      if (error instanceof ServiceError && (error.entry === undefined || !listed.has(error.entry))) {
        report(`${path} does not list ${error.entry === undefined ? error.message : nameOf(error.entry)}`)
      }
      throw error
    }
  }
  // It takes and gives what the procedure does; what tRPC reads off a procedure is the procedure's own.
  return Object.assign(held, procedure) as unknown as AnyProcedure
}
