import { afterAll, beforeAll, describe } from 'vitest'
import type { Store } from '../../src/store/types.js'
import { imageContract } from './contract-images.js'
import { pageContract } from './contract-pages.js'
import { personaContract } from './contract-personas.js'
import { portraitContract } from './contract-portraits.js'
import { projectContract } from './contract-projects.js'
import { raceContract } from './contract-races.js'
import { transferContract } from './contract-transfer.js'
import { updateContract } from './contract-updates.js'

export interface ContractOptions {
  /** False for a database that can acknowledge both an update and a deletion of one version. */
  settlesDeletions?: boolean
  /** False for a database that sorts text by UTF-16 and not, as SQLite and MongoDB do, by its bytes. */
  sortsByBytes?: boolean
}

/**
 * What every driver of `Store` must pass. `open` is called once; every test keeps to projects of its own, so
 * the database may be shared and need not be empty.
 */
export function storeContract(
  name: string,
  open: () => Promise<{ store: Store; close(): Promise<void> }>,
  { settlesDeletions = true, sortsByBytes = true }: ContractOptions = {},
) {
  describe(`${name} keeps the contract of Store`, () => {
    let opened: { store: Store; close(): Promise<void> } | undefined
    const store = () => {
      if (opened === undefined) throw new Error('The store is not open')
      return opened.store
    }
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    describe('personas', () => personaContract(store))
    describe('pages', () => pageContract(store))
    describe('updates', () => updateContract(store))
    describe('races', () => raceContract(store, settlesDeletions))
    describe('projects', () => projectContract(store))
    describe('images', () => imageContract(store))
    describe('portraits', () => portraitContract(store))
    describe('transfer', () => transferContract(store, sortsByBytes))
  })
}
