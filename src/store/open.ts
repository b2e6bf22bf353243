import type { Config } from '../config.js'
import type { Store, StoreOptions } from './store.js'

/**
 * Opens the store that the configuration asks for: MongoDB where a URL is set, else the embedded file.
 * Only the driver in use is loaded.
 *
 * @throws Error with one line for the operator when it cannot be had.
 */
export async function openStore(
  config: Pick<Config, 'mongodbUrl' | 'dataDir'> & StoreOptions,
): Promise<Store> {
  if (config.mongodbUrl !== undefined) {
    const { openMongoStore } = await import('./mongo/mongo.js')
    return openMongoStore(config.mongodbUrl, config)
  }
  const { openSqliteStore } = await import('./sqlite/sqlite.js')
  return openSqliteStore(config.dataDir, config)
}
