import { type AnyProcedure, type AnyRouter, getTRPCErrorFromUnknown } from '@trpc/server'

// The only file that looks behind tRPC's public face, at two things that its 11.x line has always kept in a
// built procedure: the list of its middlewares, the resolver last, and `_type` on those of .input and .output.
// test/api/trpc-internals.test.ts holds it to what tRPC's own call does.

type Call = Parameters<AnyProcedure>[0] & { input?: unknown }
type Result = { ok: true; data: unknown } | { ok: false; error: unknown }
type Next = (change?: { ctx?: object; input?: unknown }) => Promise<Result>
type Middleware = ((call: Call & { next: Next; meta: unknown }) => Promise<Result>) & { _type?: string }

/** What a middleware is called with. The signal is read late: few procedures use it, and it may be made for that. */
class Step implements Call {
  ctx: Call['ctx']
  path: string
  type: Call['type']
  input: unknown
  getRawInput: Call['getRawInput']
  batchIndex: number
  meta: unknown
  next: Next = notYet
  readonly #call: Call

  constructor(call: Call, { ctx, input }: Pick<Call, 'ctx' | 'input'>) {
    this.ctx = ctx
    this.path = call.path
    this.type = call.type
    this.input = input
    this.getRawInput = call.getRawInput
    this.batchIndex = call.batchIndex
    this.#call = call
  }

  get signal(): AbortSignal | undefined {
    return this.#call.signal
  }
}

function notYet(): never {
  throw new Error('A step is complete before its middleware is called')
}

/**
 * Makes the procedures of a router quick to call; they keep their types, declarations and behaviour, but for
 * two things. Their middlewares run without the copies of everything that tRPC makes at each step, which took
 * most of the time of a small call. And outputs are not parsed at run time: `.output` stays the declaration
 * that types and document are made from, the compiler holds services to it and tests every kind of answer,
 * while parsing what our own store just made took most of the time of a long list.
 */
export function lean<T extends AnyRouter>(router: T): T {
  const procedures: Record<string, AnyProcedure> = router._def.procedures
  for (const [path, procedure] of Object.entries(procedures)) procedures[path] = leanProcedure(procedure)
  return router
}

function toResult(cause: unknown): Result {
  return { ok: false, error: getTRPCErrorFromUnknown(cause) }
}

function leanProcedure(procedure: AnyProcedure): AnyProcedure {
  // See the note at the top: the built procedure holds them beside what its type shows.
  const all = (procedure._def as unknown as { middlewares: Middleware[] }).middlewares
  const middlewares = all.filter(({ _type }) => _type !== 'output')
  const { meta } = procedure

  // Middlewares are async functions: none throws before it gives its promise.
  function run(index: number, call: Call): Promise<Result> {
    const middleware = middlewares[index]
    if (middleware === undefined) throw new Error(`${call.path} has no resolver`)
    const next: Next = (change) => {
      if (change === undefined) return run(index + 1, call)
      const ctx = change.ctx === undefined ? call.ctx : Object.assign({}, call.ctx, change.ctx)
      return run(index + 1, new Step(call, { ctx, input: 'input' in change ? change.input : call.input }))
    }
    const step = new Step(call, call)
    step.meta = meta
    step.next = next
    return middleware(step).catch(toResult)
  }

  async function invoke(call: Call): Promise<unknown> {
    const result = await run(0, call)
    if (!result.ok) throw result.error
    return result.data
  }
  // It takes and gives what the procedure does; what tRPC reads off a procedure is the procedure's own.
  return Object.assign(invoke, { _def: procedure._def, meta, procedure: true }) as unknown as AnyProcedure
}
