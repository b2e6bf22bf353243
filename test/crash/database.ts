import { join } from 'node:path'
import Database from 'libsql'
import { MongoClient } from 'mongodb'
import { openMongoStore } from '../../src/store/mongo/mongo.js'
import type { Ledger } from './ledger.js'

/** Looks at the database file itself, once no service has it. */
export function verifyFile(ledger: Ledger, dataDir: string): void {
  const db = new Database(join(dataDir, 'personas.db'))
  const integrity = JSON.stringify(db.pragma('integrity_check'))
  ledger.check(integrity.includes('"ok"'), `integrity_check says ${integrity}`)
  const index = db
    .prepare("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'personas' AND sql LIKE ?")
    .all('CREATE UNIQUE INDEX % (project_id, name)')
  ledger.check(index.length === 1, 'the unique index over project and name is not there')
  const twice = db.prepare('SELECT name FROM personas GROUP BY project_id, name HAVING count(*) > ?').all(1)
  ledger.check(twice.length === 0, `names that are there twice: ${JSON.stringify(twice)}`)
  const orphans = db
    .prepare(
      `SELECT id FROM versions WHERE NOT EXISTS
       (SELECT 1 FROM personas WHERE personas.project_id = versions.project_id AND personas.id = versions.id)`,
    )
    .all()
  ledger.check(orphans.length === 0, `versions of personas that are gone: ${orphans.length}`)
  db.close()
}

/** Looks at the database itself, once what processes left behind is old enough to be swept. */
export async function verifyMongo(ledger: Ledger, url: string): Promise<void> {
  const store = await openMongoStore(url)
  await store.sweep(0)
  await store.close()
  const client = new MongoClient(url)
  const keysOf = async (collection: string) => {
    const found = await client.db().collection<{ projectId: string; id: string }>(collection).find().toArray()
    return found.map(({ projectId, id }) => JSON.stringify([projectId, id]))
  }
  const personas = new Set(await keysOf('personas'))
  const orphans = (await keysOf('versions')).filter((key) => !personas.has(key))
  ledger.check(orphans.length === 0, `versions of personas that are gone: ${orphans.length}`)
  for (const notes of ['historyRemovals', 'portraitChanges']) {
    const left = await client.db().collection(notes).countDocuments()
    ledger.check(left === 0, `${left} notes are left in ${notes}`)
  }
  await client.close()
}
