import { afterAll, beforeAll, describe } from 'vitest'
import type { Store, StoreOptions } from '../../src/store/store.js'
import { findingContract } from './contract-finding.js'
import { imageContract } from './contract-images.js'
import { pageContract } from './contract-pages.js'
import { personaContract } from './contract-personas.js'
import { portraitContract } from './contract-portraits.js'
import { projectContract } from './contract-projects.js'
import { conditionalRaceContract, deletionRaceContract, raceContract } from './contract-races.js'
import { transferContract } from './contract-transfer.js'
import { updateContract } from './contract-updates.js'
import { versionContract } from './contract-versions.js'
import type { Lack } from './mongo/server.js'

/**
 * What every driver of `Store` must pass, but for what needs something that the database lacks. `open` is
 * called once for each subject; every test keeps to projects of its own, so the database may be shared and
 * need not be empty.
 */
export function storeContract(
  name: string,
  open: (options?: StoreOptions) => Promise<{ store: Store; close(): Promise<void> }>,
  lacks: readonly Lack[] = [],
) {
  const subject = (title: string, tests: (store: () => Store) => void, runs = true) =>
    describe.runIf(runs)(title, () => {
      let opened: { store: Store; close(): Promise<void> } | undefined
      beforeAll(async () => {
        opened = await open()
      })
      afterAll(() => opened?.close())
      tests(() => {
        if (opened === undefined) throw new Error('The store is not open')
        return opened.store
      })
    })
  const settlesUpdates = !lacks.includes('atomic conditional updates')
  const settlesDeletions = !lacks.includes('atomic conditional deletions')
  const sortsByBytes = !lacks.includes('order by bytes')

  describe(`${name} keeps the contract of Store`, () => {
    subject('personas', personaContract)
    subject('pages', pageContract)
    subject('finding', (store) => findingContract(store, sortsByBytes))
    subject('updates', updateContract)
    subject('races', raceContract)
    subject('races for one version', conditionalRaceContract, settlesUpdates)
    subject('races for a last version', deletionRaceContract, settlesDeletions)
    subject('projects', (store) => projectContract(store, settlesUpdates))
    subject('images', imageContract)
    subject('portraits', portraitContract)
    subject('versions', (store) => versionContract(store, open))
    subject('transfer', (store) => transferContract(store, sortsByBytes))
  })
}
