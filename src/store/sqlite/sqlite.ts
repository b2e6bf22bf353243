import { join } from 'node:path'
import { DEFAULT_VERSIONS_KEPT } from '../../personas/versions.js'
import type { Store, StoreOptions } from '../store.js'
import { encryptedCursors } from './cursors.js'
import { openDatabase, type SqliteDatabase } from './database.js'
import { searchTurns, sqliteFinding } from './finding.js'
import { foundPages } from './found-pages.js'
import { sqliteImages } from './images.js'
import { sqlitePersonas } from './personas.js'
import { sqliteProjects } from './projects.js'
import { sqliteRemoval } from './removal.js'
import { searchRows } from './search-rows.js'
import { sqliteTags } from './tags.js'
import { sqliteTransfer } from './transfer.js'
import { sqliteVersions } from './versions.js'

/**
 * The embedded store: one SQLite file in `dataDir`, held by this process alone.
 *
 * @throws Error with one line for the operator when the file cannot be had.
 */
export function openSqliteStore(dataDir: string, { versionsKept }: StoreOptions = {}): Store {
  const db = openDatabase(dataDir)
  const { insert, removePortraitIfUnused, ...images } = sqliteImages(db)
  const turns = searchTurns()
  const kept = versionsKept ?? DEFAULT_VERSIONS_KEPT
  const { steps, ...versions } = sqliteVersions(db, { kept, turns })
  const cursors = encryptedCursors(cursorKey(db))
  const search = searchRows(db)
  const { forget, ...personas } = sqlitePersonas(db, {
    images: { insert, removePortraitIfUnused },
    versions: steps,
    cursors,
    listFound: foundPages(db, { find: sqliteFinding(db, { rows: search, turns }), cursors }),
    search,
  })
  return {
    limits: [turns],
    description: `SQLite in ${join(dataDir, 'personas.db')}`,
    ping: db.check,
    async close() {
      db.close()
    },
    ...personas,
    ...versions,
    ...sqliteTags(db, { rows: search, turns }),
    ...sqliteProjects(db),
    ...sqliteRemoval(db, { forget, versions: steps }),
    ...images,
    transfer: sqliteTransfer(db),
  }
}

/** The key of the file's cursors: they outlive a restart. */
function cursorKey(db: SqliteDatabase): Buffer {
  const value = db.prepare("SELECT value FROM meta WHERE name = 'cursor_key'").get()?.value
  if (!Buffer.isBuffer(value)) throw new Error('The database has no key for its cursors')
  return value
}
