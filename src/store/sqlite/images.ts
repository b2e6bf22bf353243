import type { ImageRole } from '../../images/schema.js'
import type { Store, StoredImage } from '../store.js'
import type { Query, SqliteDatabase } from './database.js'
import { NEXT_SEQ } from './schema.js'

type ImageStore = Pick<
  Store,
  'insertImage' | 'findImage' | 'hasImage' | 'listImageIds' | 'listNewestImageIds' | 'deleteImage'
>

/** A statement that inserts an image: its project and its values. */
export const INSERT_IMAGE = `INSERT INTO images (seq, project_id, id, role, format, bytes)
  VALUES (${NEXT_SEQ}, ?, ?, ?, ?, ?)`

const PORTRAIT: ImageRole = 'persona-avatar'

/** The image of a row. */
export function toImage(row: Record<string, unknown>): StoredImage {
  // The columns were written from a StoredImage; libsql gives a BLOB as a Buffer to get, as an ArrayBuffer to all.
  const { id, role, format, bytes } = row as unknown as Omit<StoredImage, 'bytes'> & {
    bytes: Buffer | ArrayBuffer
  }
  return { id, role, format, bytes: Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes) }
}

/** Images in SQLite, and the two steps that a change of a persona's portrait takes within its transaction. */
export function sqliteImages(db: SqliteDatabase): ImageStore & {
  insert: Query
  removePortraitIfUnused(projectId: string, id: string): void
} {
  const insert = db.prepare(INSERT_IMAGE)
  const find = db.prepare('SELECT id, role, format, bytes FROM images WHERE project_id = ? AND id = ?')
  const has = db.prepare('SELECT 1 FROM images WHERE project_id = ? AND id = ?')
  const ids = db.prepare('SELECT id FROM images WHERE project_id = ? ORDER BY seq')
  const idsOfRole = db.prepare('SELECT id FROM images WHERE project_id = ? AND role = ? ORDER BY seq')
  const newestIds = db.prepare(
    'SELECT id FROM images WHERE project_id = ? AND role = ? ORDER BY seq DESC LIMIT ?',
  )
  const remove = db.prepare('DELETE FROM images WHERE project_id = ? AND id = ?')
  const removeUnused = db.prepare(
    `DELETE FROM images WHERE project_id = ?1 AND id = ?2 AND role = '${PORTRAIT}'
     AND NOT EXISTS (SELECT 1 FROM personas WHERE project_id = ?1 AND image_url = ?2)`,
  )

  return {
    insert,
    removePortraitIfUnused(projectId, id) {
      removeUnused.run(projectId, id)
    },

    async insertImage(projectId, { id, role, format, bytes }) {
      await db.write(() => insert.changeOne(projectId, id, role, format, bytes))
    },

    async findImage(projectId, id) {
      const row = find.get(projectId, id)
      return row === undefined ? null : toImage(row)
    },

    async hasImage(projectId, id) {
      return has.get(projectId, id) !== undefined
    },

    async listImageIds(projectId, role) {
      const rows = role === undefined ? ids.all(projectId) : idsOfRole.all(projectId, role)
      return rows.map((row) => String(row.id))
    },

    async listNewestImageIds(projectId, role, limit) {
      return newestIds.all(projectId, role, limit).map(({ id }) => String(id))
    },

    async deleteImage(projectId, id) {
      return db.write(() => remove.run(projectId, id) > 0)
    },
  }
}
