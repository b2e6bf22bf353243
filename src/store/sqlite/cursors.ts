import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

/** A place in a list: the `seq` of a row, and as text what it is ordered by, where that is something else. */
interface CursorPlace {
  seq: number
  key?: string
}

/** Texts that stand for a place in one list: that of a project, or of a query in it, whose mark follows a newline. */
export interface Cursors {
  write(list: string, place: CursorPlace): string
  /** Undefined for any text that `write` did not make for this list. */
  read(list: string, cursor: string): Required<CursorPlace> | undefined
}

/** One block of AES, so that it needs neither a mode nor an initialization vector. */
const BLOCK = 16
const CIPHER = 'aes-128-ecb'

/**
 * Cursors of a database, encrypted with its 16-byte key: places are counted over all projects, so in the clear
 * they would tell one project how much the others create. A block holds the `seq` and 8 bytes of a hash of the list
 * and the key, which a block that this database did not make for these does not have. The key follows as it is.
 */
export function encryptedCursors(key: Buffer): Cursors {
  const crypt = (make: typeof createCipheriv | typeof createDecipheriv, block: Buffer) => {
    const cipher = make(CIPHER, key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(block), cipher.final()])
  }
  const markOf = (list: string, key: string) =>
    createHash('sha256')
      .update(key === '' ? list : `${list}\0${key}`)
      .digest()
      .subarray(0, 8)

  return {
    write(list, { seq, key = '' }) {
      const block = Buffer.alloc(BLOCK)
      block.writeBigUInt64BE(BigInt(seq))
      markOf(list, key).copy(block, 8)
      return Buffer.concat([crypt(createCipheriv, block), Buffer.from(key)]).toString('base64url')
    },
    read(list, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      // Other spellings of the same bytes were not made here.
      if (bytes.length < BLOCK || bytes.toString('base64url') !== cursor) return undefined
      const block = crypt(createDecipheriv, bytes.subarray(0, BLOCK))
      const seq = Number(block.readBigUInt64BE())
      const key = bytes.toString('utf8', BLOCK)
      return markOf(list, key).equals(block.subarray(8)) && Number.isSafeInteger(seq)
        ? { seq, key }
        : undefined
    },
  }
}
