import { join } from 'node:path'
import { openDatabase } from './sqlite-database.js'
import { sqliteImages } from './sqlite-images.js'
import { sqlitePersonas } from './sqlite-personas.js'
import { sqliteProjects } from './sqlite-projects.js'
import { sqliteTransfer } from './sqlite-transfer.js'
import type { Store } from './types.js'

/**
 * The embedded store: one SQLite file in `dataDir`, held by this process alone.
 *
 * @throws Error with one line for the operator when the file cannot be had.
 */
export function openSqliteStore(dataDir: string): Store {
  const db = openDatabase(dataDir)
  const alive = db.prepare('SELECT 1 FROM personas LIMIT 1')
  const { insert, removePortraitIfUnused, ...images } = sqliteImages(db)
  const { forget, ...personas } = sqlitePersonas(db, { insert, removePortraitIfUnused })
  return {
    description: `SQLite in ${join(dataDir, 'personas.db')}`,
    async ping() {
      alive.get()
    },
    async close() {
      db.close()
    },
    ...personas,
    ...sqliteProjects(db, { personasRemoved: forget }),
    ...images,
    transfer: sqliteTransfer(db),
  }
}
