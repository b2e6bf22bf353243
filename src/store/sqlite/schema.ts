import type Database from 'libsql'

// One entry a schema version, applied in order; PRAGMA user_version counts those already applied.
const migrations = [
  `CREATE TABLE personas (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     project_id TEXT NOT NULL,
     id TEXT NOT NULL,
     name TEXT NOT NULL,
     image_url TEXT,
     updated_at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX personas_name ON personas (project_id, name);
   CREATE UNIQUE INDEX personas_id ON personas (project_id, id);
   CREATE INDEX personas_order ON personas (project_id, seq);
   CREATE INDEX personas_image ON personas (project_id, image_url) WHERE image_url IS NOT NULL;
   CREATE TABLE projects (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     provider TEXT,
     models TEXT,
     key_ciphertext TEXT,
     key_mask TEXT,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE images (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     project_id TEXT NOT NULL,
     id TEXT NOT NULL,
     role TEXT NOT NULL,
     format TEXT NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX images_id ON images (project_id, id);
   CREATE INDEX images_role ON images (project_id, role, seq);`,
  'ALTER TABLE projects ADD COLUMN max_concurrency INTEGER',
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO meta (name, value) VALUES ('cursor_key', randomblob(16));
   -- How long the longer ones are, so that a list is known to be short without a look at each.
   CREATE INDEX personas_large ON personas (project_id, seq, octet_length(body)) WHERE octet_length(body) > 3200;`,
  // Where a project's earliest image is.
  'CREATE INDEX images_order ON images (project_id, seq)',
  `-- How the current version came about. Rows from before have NULL, and no version in their body.
   ALTER TABLE personas ADD COLUMN changed TEXT;
   ALTER TABLE personas ADD COLUMN reverted_from INTEGER;
   CREATE TABLE versions (
     project_id TEXT NOT NULL,
     id TEXT NOT NULL,
     version INTEGER NOT NULL,
     updated_at INTEGER NOT NULL,
     changed TEXT NOT NULL,
     reverted_from INTEGER,
     body TEXT NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX versions_id ON versions (project_id, id, version);`,
]

/**
 * The place of a new row of any table, as an expression: behind all rows there ever were in all of them, so that the
 * earliest thing of a project can be told. In rows of earlier versions each table counted for itself.
 */
export const NEXT_SEQ = '(SELECT max(seq) + 1 FROM sqlite_sequence)'

/** Brings a database file to the schema of this version. @throws Error for one of a newer version. */
export function migrate(db: Database.Database, file: string) {
  const version = Number((db.pragma('user_version') as Record<string, unknown>[])[0]?.user_version)
  if (version > migrations.length) {
    throw new Error(
      `${file} was written by a newer version of this service; upgrade it, or use another DATA_DIR`,
    )
  }
  // The transaction runs even with nothing to do: it takes the exclusive lock now rather than later.
  db.exec('BEGIN IMMEDIATE')
  for (const migration of migrations.slice(version)) db.exec(migration)
  db.exec(`PRAGMA user_version = ${migrations.length}`)
  db.exec('COMMIT')
}
