import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { openStore } from '../../store/open.js'
import type { Store } from '../../store/store.js'

const FILE = 'personas.db'

/** Where a store is, in the words of the service's configuration. */
export type Location =
  | { mongodbUrl: string; dataDir?: undefined }
  | { dataDir: string; mongodbUrl?: undefined }

/** Reads a mongodb:// URL, a data directory or the path of the personas.db in it. @throws Error of one line. */
export function locate(text: string): Location {
  if (/^mongodb(\+srv)?:\/\//.test(text)) return { mongodbUrl: text }
  // The text is not repeated: it may hold a password.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new Error('a store is a mongodb:// URL, a data directory, or the personas.db in it')
  }
  if (basename(text) === FILE) return { dataDir: resolve(dirname(text)) }
  if (existsSync(text) && !statSync(text).isDirectory()) {
    throw new Error(`${text} is neither a data directory nor a ${FILE}`)
  }
  return { dataDir: resolve(text) }
}

/** Opens a store as the service does: it creates what is missing, and an SQLite file is held exclusively. */
export function open({ mongodbUrl, dataDir = '' }: Location): Promise<Store> {
  return openStore({ mongodbUrl, dataDir })
}

/** Opens a store that must be there. @throws Error of one line. */
export async function openExisting(location: Location): Promise<Store> {
  const { dataDir } = location
  if (dataDir !== undefined && !existsSync(join(dataDir, FILE))) {
    throw new Error(`there is no ${FILE} in ${dataDir}`)
  }
  return open(location)
}
