import { initTRPC } from '@trpc/server'
import { expect, it } from 'vitest'
import { nameTaken, personaNotFound } from '../../src/errors/personas.js'
import { databaseUnavailable } from '../../src/errors/store.js'
import { heldToItsErrors } from '../support/listed.js'

// test/support/helper.ts holds every procedure that any test calls in this way; here is that it would find one.
const { procedure } = initTRPC.meta<{ errors: unknown[] }>().create()
const call = {
  ctx: {},
  path: 'a',
  type: 'query',
  getRawInput: async () => undefined,
  signal: undefined,
  batchIndex: 0,
}

async function faultsOf(thrown: unknown): Promise<string[]> {
  const faults: string[] = []
  const failing = procedure.meta({ errors: [personaNotFound] }).query(() => {
    throw thrown
  })
  const held = heldToItsErrors('a', failing, (fault) => faults.push(fault))
  // tRPC's own type of a call is of no use outside of it.
  await expect((held as unknown as (given: typeof call) => Promise<unknown>)(call)).rejects.toThrow()
  return faults
}

it('an error that a procedure does not list is found', async () => {
  expect(await faultsOf(nameTaken({ name: 'n' }))).toEqual(['a does not list nameTaken'])
})

it('one that it lists, one of the store and one of no catalogue are not', async () => {
  for (const thrown of [personaNotFound(), databaseUnavailable(), new Error('unforeseen')]) {
    expect(await faultsOf(thrown)).toEqual([])
  }
})
