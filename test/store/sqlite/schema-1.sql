-- A database file of schema version 1, the first that was used, with something in every table.
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
CREATE INDEX images_role ON images (project_id, role, seq);

INSERT INTO projects (id, name, created_at) VALUES ('plain', 'Plain', 1769594400000);
INSERT INTO projects (id, name, provider, models, key_ciphertext, key_mask, created_at) VALUES
  ('keyed', 'Keyed', 'openai', '{"image":"gpt-image-1"}', 'c2VhbGVk', 'sk-a...wxyz', 1769594400000),
  ('empty', 'Empty', 'openai', '{}', 'c2VhbGVk', 'sk-a...wxyz', 1769594400000);
INSERT INTO images (project_id, id, role, format, bytes) VALUES
  ('keyed', 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png', 'persona-avatar', 'png', x'00');
INSERT INTO personas (project_id, id, name, image_url, updated_at, body) VALUES (
  'keyed', '987fcdeb-51a2-4bc4-9567-890123456789', 'impatient-user',
  'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png', 1769594400000,
  '{"id":"987fcdeb-51a2-4bc4-9567-890123456789","name":"impatient-user","imageUrl":"a1b2c3d4-e5f6-4890-abcd-ef1234567890.png","createdAt":"2026-01-28T10:00:00.000Z","updatedAt":"2026-01-28T10:00:00.000Z"}'
);
PRAGMA user_version = 1;
