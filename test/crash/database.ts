import { join } from 'node:path'
import Database from 'libsql'
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
  db.close()
}
