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
  `CREATE INDEX personas_updated ON personas (project_id, updated_at, seq);
   -- The text that q is looked for in, folded, with the tags as pairs of their key and spelling. A project's rows are
   -- neighbours: reading all of a small project's is quicker than any index.
   CREATE TABLE persona_search (
     project_id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     text TEXT NOT NULL,
     tags TEXT NOT NULL,
     PRIMARY KEY (project_id, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE persona_tags (
     project_id TEXT NOT NULL,
     tag TEXT NOT NULL,
     seq INTEGER NOT NULL,
     spelling TEXT NOT NULL,
     PRIMARY KEY (project_id, tag, seq)
   ) STRICT, WITHOUT ROWID;
   -- The same texts, of those projects alone in which a search took long; rowid is seq.
   CREATE VIRTUAL TABLE persona_trigrams USING fts5(
     text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
   );
   -- Rows up to lacking_to may be without a text yet; those up to indexed_to have their trigrams. The mark is one
   -- trigram, of characters for private use, that identifies the project.
   CREATE TABLE search_progress (
     id INTEGER PRIMARY KEY,
     project_id TEXT NOT NULL UNIQUE,
     lacking_to INTEGER NOT NULL DEFAULT 0,
     indexed_to INTEGER NOT NULL DEFAULT 0,
     mark TEXT NOT NULL AS (char(983040 + (id >> 24), 983040 + (id >> 12 & 4095), 983040 + (id & 4095)))
   ) STRICT;
   INSERT INTO search_progress (project_id, lacking_to) SELECT project_id, max(seq) FROM personas GROUP BY project_id;
   CREATE TRIGGER persona_deleted AFTER DELETE ON personas BEGIN
     DELETE FROM persona_search WHERE project_id = old.project_id AND seq = old.seq;
   END;
   CREATE TRIGGER search_inserted AFTER INSERT ON persona_search WHEN new.tags <> '[]' BEGIN
     INSERT INTO persona_tags (project_id, tag, seq, spelling)
     SELECT new.project_id, value ->> 0, new.seq, value ->> 1 FROM json_each(new.tags);
   END;
   CREATE TRIGGER search_deleted AFTER DELETE ON persona_search WHEN old.tags <> '[]' BEGIN
     DELETE FROM persona_tags WHERE project_id = old.project_id AND seq = old.seq
       AND tag IN (SELECT value ->> 0 FROM json_each(old.tags));
   END;
   CREATE TRIGGER indexed_inserted AFTER INSERT ON persona_search
   WHEN new.seq <= (SELECT indexed_to FROM search_progress WHERE project_id = new.project_id) BEGIN
     INSERT INTO persona_trigrams (rowid, text)
     SELECT new.seq, mark || new.text FROM search_progress WHERE project_id = new.project_id;
   END;
   CREATE TRIGGER indexed_deleted AFTER DELETE ON persona_search
   WHEN old.seq <= (SELECT indexed_to FROM search_progress WHERE project_id = old.project_id) BEGIN
     DELETE FROM persona_trigrams WHERE rowid = old.seq;
   END;`,
]

/**
 * The place of a new row of any table, as an expression: behind all rows there ever were in all of them, so that the
 * earliest thing of a project can be told. In rows of earlier versions each table counted for itself.
 */
export const NEXT_SEQ = '(SELECT max(seq) + 1 FROM sqlite_sequence)'

/**
 * A new persona goes into this view: its row, and the text and tags by which it is found. So it is one statement, and
 * alone one transaction. SQLite does not count rows that go into a view as changed; what it cannot insert it refuses.
 */
const newPersonas = `CREATE TEMP VIEW new_personas AS
  SELECT project_id, id, name, image_url, updated_at, changed, reverted_from, body, '' AS text, '' AS tags
  FROM personas;
  CREATE TEMP TRIGGER persona_inserted INSTEAD OF INSERT ON new_personas BEGIN
    INSERT INTO personas (seq, project_id, id, name, image_url, updated_at, changed, reverted_from, body)
    VALUES (${NEXT_SEQ}, new.project_id, new.id, new.name, new.image_url, new.updated_at, new.changed,
      new.reverted_from, new.body);
    INSERT INTO persona_search (project_id, seq, text, tags)
    VALUES (new.project_id, last_insert_rowid(), new.text, new.tags);
  END;`

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
  db.exec(newPersonas)
}
