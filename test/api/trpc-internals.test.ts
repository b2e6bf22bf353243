import { initTRPC, TRPCError } from '@trpc/server'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { appRouter } from '../../src/api/router.js'
import { lean } from '../../src/api/trpc-internals.js'

const t = initTRPC.context<{ trail: string[] }>().create()

/** A router that uses everything that middlewares can do; made for each test, as `lean` changes the one it is given. */
function build() {
  const traced = t.procedure
    .use(async ({ ctx, next, path, type }) => {
      ctx.trail.push(`${path} ${type}`)
      const result = await next({ ctx: { added: 'by a middleware' } })
      ctx.trail.push(result.ok ? 'well' : `failed: ${result.error.code}`)
      return result
    })
    .input(z.object({ a: z.string().transform((text) => text.trim()) }))
    .input(z.object({ b: z.number().default(7) }))
    .use(({ input, next, getRawInput }) => next({ input: { ...input, c: typeof getRawInput } }))
  return t.router({
    echo: traced.query(({ ctx, input }) => ({ input, added: ctx.added })),
    nested: t.router({ change: traced.mutation(({ input }) => Promise.resolve(input.b)) }),
    known: traced.query(() => {
      throw new TRPCError({ code: 'CONFLICT', message: 'taken' })
    }),
    unknown: traced.query(() => {
      throw new RangeError('of the inside')
    }),
    late: traced.query(async () => Promise.reject(new Error('later'))),
  })
}

async function outcome(router: ReturnType<typeof build>, path: string, input: unknown) {
  const trail: string[] = []
  const procedure = (router._def.procedures as unknown as Record<string, (call: object) => Promise<unknown>>)[
    path
  ]
  const type = path === 'nested.change' ? 'mutation' : 'query'
  const call = {
    ctx: { trail },
    path,
    type,
    getRawInput: async () => input,
    signal: undefined,
    batchIndex: 0,
  }
  try {
    return { value: await procedure?.(call), trail }
  } catch (error) {
    const { code, message, cause } = error as TRPCError
    return { code, message, cause: cause?.constructor.name, trail }
  }
}

describe('a lean procedure', () => {
  it.each([
    ['echo', { a: ' x ' }],
    ['echo', { a: ' x ', b: 1, unknown: true }],
    ['echo', { a: 5 }],
    ['echo', undefined],
    ['echo', 'text'],
    ['nested.change', { a: 'x', b: 2 }],
    ['known', { a: 'x' }],
    ['unknown', { a: 'x' }],
    ['late', { a: 'x' }],
  ])('%s gives for %j what tRPC’s own call gives, and runs the same middlewares', async (path, input) => {
    const own = await outcome(build(), path, input)
    expect(own.trail.length).toBeGreaterThan(0)
    expect(await outcome(lean(build()), path, input)).toEqual(own)
  })

  it('is called by tRPC’s caller and keeps what tRPC reads off a procedure', async () => {
    const caller = lean(build()).createCaller({ trail: [] })
    expect(await caller.echo({ a: 'x' })).toMatchObject({ added: 'by a middleware' })
    await expect(caller.known({ a: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('the router', () => {
  it('has an output schema on every procedure, as types and document come from it', () => {
    // Flat at run time, by dotted path.
    const procedures = appRouter._def.procedures as unknown as Record<string, { _def: object }>
    for (const [path, procedure] of Object.entries(procedures)) {
      expect([path, procedure._def]).toMatchObject([path, { output: { _zod: expect.anything() } }])
    }
  })
})
