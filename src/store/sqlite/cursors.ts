import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

/** Texts that stand for a place in the order of creation of one project. */
export interface Cursors {
  write(projectId: string, seq: number): string
  /** Undefined for any text that `write` did not make for this project. */
  read(projectId: string, cursor: string): number | undefined
}

/** One block of AES, so that it needs neither a mode nor an initialization vector. */
const BLOCK = 16
const CIPHER = 'aes-128-ecb'

/**
 * Cursors of a database, encrypted with its 16-byte key: places are counted over all projects, so in the clear
 * they would tell one project how much the others create. A block holds the place and 8 bytes of a hash of the
 * project's id, which a block that this database did not make for the project does not have.
 */
export function encryptedCursors(key: Buffer): Cursors {
  const crypt = (make: typeof createCipheriv | typeof createDecipheriv, block: Buffer) => {
    const cipher = make(CIPHER, key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(block), cipher.final()])
  }
  const markOf = (projectId: string) => createHash('sha256').update(projectId).digest().subarray(0, 8)

  return {
    write(projectId, seq) {
      const block = Buffer.alloc(BLOCK)
      block.writeBigUInt64BE(BigInt(seq))
      markOf(projectId).copy(block, 8)
      return crypt(createCipheriv, block).toString('base64url')
    },
    read(projectId, cursor) {
      const encrypted = Buffer.from(cursor, 'base64url')
      // Other spellings of the same bytes were not made here.
      if (encrypted.length !== BLOCK || encrypted.toString('base64url') !== cursor) return undefined
      const block = crypt(createDecipheriv, encrypted)
      const seq = Number(block.readBigUInt64BE())
      return markOf(projectId).equals(block.subarray(8)) && Number.isSafeInteger(seq) ? seq : undefined
    },
  }
}
