import { afterAll, beforeAll, describe } from 'vitest'
import { type Caller, databases, type Running, startService } from './helper.js'

/** Describes behaviour that holds on every store; `service` is the one that runs there. */
export function onEveryStore(name: string, tests: (service: () => Running) => void): void {
  describe.each(databases)(`${name} on $name`, (database) => {
    let running: Running | undefined
    beforeAll(async () => {
      running = await startService(database)
    })
    afterAll(() => running?.close())
    tests(() => {
      if (running === undefined) throw new Error('The service did not start')
      return running
    })
  })
}

/** Describes behaviour that holds on every store and through REST and tRPC alike. */
export function throughBoth(
  name: string,
  tests: (caller: () => Caller, service: () => Running) => void,
): void {
  onEveryStore(name, (service) => {
    describe('through REST', () => tests(() => service().rest, service))
    describe('through tRPC', () => tests(() => service().trpc, service))
  })
}
