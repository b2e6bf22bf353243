-- A database file of schema version 4, the last without what personas are found by, with 450 personas.
CREATE TABLE personas (
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
  created_at INTEGER NOT NULL,
  max_concurrency INTEGER
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
CREATE INDEX images_role ON images (project_id, role, seq);
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('cursor_key', x'000102030405060708090a0b0c0d0e0f');
CREATE INDEX personas_large ON personas (project_id, seq, octet_length(body)) WHERE octet_length(body) > 3200;
CREATE INDEX images_order ON images (project_id, seq);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450),
made (i, id) AS (SELECT i, printf('%08x-51a2-4bc4-9567-890123456789', i) FROM n)
INSERT INTO personas (project_id, id, name, updated_at, body)
SELECT 'old', id, 'persona ' || i, 1769594400000,
  json_object('id', id, 'name', 'persona ' || i, 'description', CASE i % 2 WHEN 0 THEN 'even' ELSE 'odd' END,
    'createdAt', '2026-01-28T10:00:00.000Z', 'updatedAt', '2026-01-28T10:00:00.000Z')
FROM made;
PRAGMA user_version = 4;
