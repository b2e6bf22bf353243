// Compiled, never run: the committed interfaces of src/client/types.ts are what tRPC infers from the router,
// to the letter. Where this does not compile, "npm run generate" makes it compile again.
import type { createTRPCClient } from '@trpc/client'
import type { inferProcedureInput, inferProcedureOutput } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import type { AppRouter } from '../../src/api/router.js'
import type { CallOptions, PersonasCalls, PersonasErrorCode, PersonasIssue } from '../../src/client/client.js'
import type { Issue } from '../../src/errors/error.js'

// Two types are the same where no conditional type can tell them apart; mutual assignability is weaker.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

type Call = (input: never, options?: CallOptions) => Promise<unknown>
type CallOf<P> = P extends { query: infer C extends Call } | { mutate: infer C extends Call } ? C : never
type Declared = {
  [G in keyof PersonasCalls]: {
    [P in keyof PersonasCalls[G]]: {
      input: Parameters<CallOf<PersonasCalls[G][P]>>[0]
      output: Awaited<ReturnType<CallOf<PersonasCalls[G][P]>>>
    }
  }
}

// tRPC writes an input that may be left out as one that may be void.
type InputOf<I> = undefined extends I ? Exclude<I, void> | undefined : I
type Procedures = AppRouter['_def']['record']
type Inferred = {
  [G in keyof Procedures]: {
    [P in keyof Procedures[G]]: {
      input: InputOf<inferProcedureInput<Procedures[G][P]>>
      output: inferProcedureOutput<Procedures[G][P]>
    }
  }
}

export const holds = [
  true satisfies Same<Declared, Inferred>,
  // Each call is a query or a mutation, as its procedure is.
  true satisfies ReturnType<typeof createTRPCClient<AppRouter>> extends PersonasCalls ? true : false,
  true satisfies Same<PersonasErrorCode, TRPC_ERROR_CODE_KEY>,
  true satisfies Same<Required<PersonasIssue>, Required<Issue>>,
]
