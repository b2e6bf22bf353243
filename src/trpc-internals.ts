import type { AnyProcedure, AnyRouter } from '@trpc/server'

// The only file that looks behind tRPC's public face, at two things that its 11.x line has always kept in a
// built procedure: the list of its middlewares, the resolver last, and `_type` on those of .input and .output.
// test/trpc-internals.test.ts holds it to what the public call does.

interface Call {
  ctx: object
  path: string
  type: string
  input: unknown
  getRawInput: () => Promise<unknown>
  signal: undefined
  batchIndex: number
}
type Result = { ok: true; data: unknown } | { ok: false; error: unknown }
type Middleware = ((
  call: Call & { next: (change?: Partial<Call>) => Promise<Result> },
) => Promise<Result>) & { _type?: string }

function middlewaresOf(procedure: AnyProcedure): Middleware[] {
  // See the note at the top: the built procedure holds them beside what its type shows.
  return (procedure._def as unknown as { middlewares: Middleware[] }).middlewares
}

/**
 * Takes the run-time check of outputs out of a router's procedures. `.output` stays the declaration that types
 * and document are made from; services are held to it by the compiler and every kind of answer by a test.
 * Parsing what our own store just made took most of the time of a long list.
 */
export function trustOutputs<T extends AnyRouter>(router: T): T {
  for (const procedure of Object.values<AnyProcedure>(router._def.procedures)) {
    const middlewares = middlewaresOf(procedure)
    const kept = middlewares.filter(({ _type }) => _type !== 'output')
    middlewares.splice(0, middlewares.length, ...kept)
  }
  return router
}

/**
 * A procedure as a function of context and input, which runs its middlewares as tRPC's own call does, but
 * without the copies that it makes at each step (they took most of the time of a small request).
 */
export function directCall(
  path: string,
  procedure: AnyProcedure,
): (ctx: object, input: unknown) => Promise<unknown> {
  const middlewares = middlewaresOf(procedure)
  const { type } = procedure._def

  function run(index: number, call: Call): Promise<Result> {
    const middleware = middlewares[index]
    if (middleware === undefined) throw new Error(`${path} has no resolver`)
    const { ctx, input, getRawInput } = call
    const next = (change?: Partial<Call>) =>
      run(index + 1, change === undefined ? call : { ...call, ...change, ctx: changed(ctx, change.ctx) })
    return middleware({ ctx, path, type, input, getRawInput, signal: undefined, batchIndex: 0, next })
  }

  return async (ctx, input) => {
    const getRawInput = async () => input
    const call: Call = { ctx, path, type, input: undefined, getRawInput, signal: undefined, batchIndex: 0 }
    const result = await run(0, call)
    if (!result.ok) throw result.error
    return result.data
  }
}

function changed(ctx: object, change: object | undefined): object {
  return change === undefined ? ctx : { ...ctx, ...change }
}
