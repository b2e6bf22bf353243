import { DEFAULT_VERSIONS_KEPT } from '../../personas/versions.js'
import type { Store, StoreOptions } from '../store.js'
import { mongoChanges } from './changes.js'
import { collectionsOf } from './collections.js'
import { connectMongo, unusable } from './connection.js'
import { mongoImages } from './images.js'
import { createIndexes } from './indexes.js'
import { mongoPersonas } from './personas.js'
import { mongoPortraits } from './portraits.js'
import { mongoProjects } from './projects.js'
import { withTimeout } from './timeout.js'
import { mongoTransfer } from './transfer.js'
import { mongoVersions } from './versions.js'

/** Age in ms beyond which no live call can still be busy with a change, all its tries counted. */
const ABANDONED_MS = 60_000
const SWEEP_INTERVAL_MS = 60_000

export interface MongoStore extends Store {
  /**
   * Removes portraits that calls begun more than `olderThanMs` ago left unused when their process ended, and
   * histories of personas whose deletion began then.
   */
  sweep(olderThanMs: number): Promise<void>
}

export interface MongoStoreOptions extends StoreOptions {
  /** Told the name of each step of a change or a deletion, once it is done. */
  onStep?: ((step: string) => void) | undefined
}

/**
 * Opens the store in the MongoDB of a connection string (database `personas` unless the string names one),
 * creates what indexes are missing, waits until they are built, and clears up after processes that ended in the middle of a change.
 * Any number of processes may share a database. Throws an Error of one line, which names the hosts and never
 * the credentials, when the database cannot be used.
 */
export async function openMongoStore(url: string, options: MongoStoreOptions = {}): Promise<MongoStore> {
  const { onStep = () => undefined, onWait, versionsKept = DEFAULT_VERSIONS_KEPT } = options
  const { db, address, close } = await connectMongo(url)
  const collections = collectionsOf(db)
  const portraits = mongoPortraits(collections, onStep)
  const { histories, ...versions } = mongoVersions(collections, { kept: versionsKept, onStep })
  const sweep = async (olderThanMs: number) => {
    await portraits.sweep(olderThanMs)
    await histories.sweep(olderThanMs)
  }
  try {
    await createIndexes(collections, onWait)
    await sweep(ABANDONED_MS)
  } catch (error) {
    await close()
    throw unusable(address, error)
  }
  const sweeper = setInterval(() => {
    // A database that does not answer now is swept a minute later.
    sweep(ABANDONED_MS).catch(() => undefined)
  }, SWEEP_INTERVAL_MS).unref()

  return {
    description: `MongoDB at ${address}`,
    limits: [],
    async ping() {
      await withTimeout(() => db.command({ ping: 1 }))
    },
    async close() {
      clearInterval(sweeper)
      await close()
    },
    sweep,
    ...mongoPersonas(collections),
    ...versions,
    ...mongoChanges(collections, { portraits, histories, onStep }),
    ...mongoProjects(collections, { portraits, histories }),
    ...mongoImages(collections),
    transfer: mongoTransfer(collections),
  }
}
