import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyFileUnusable, keyUnreadable } from '../errors/projects.js'
import { makeFolder } from '../folder.js'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** Seals provider keys for rest (AES-256-GCM, NIST SP 800-38D) and opens them again. */
export interface KeySealer {
  /** A project's key, bound to that project: under another id it does not open. */
  seal(projectId: string, apiKey: string): string
  /** @throws ServiceError SERVICE_UNAVAILABLE `key_unreadable` when sealed with another secret. */
  open(projectId: string, ciphertext: string): string
}

/** A key as answers show it: first 4 and last 4 characters around `...`, `****` for 8 or fewer. */
export function maskKey(apiKey: string): string {
  return apiKey.length <= 8 ? '****' : `${apiKey.slice(0, 4)}...${apiKey.slice(-4)}`
}

/** Makes a sealer. `secret` is called when the first key is sealed or opened, and gives 32 bytes. */
export function createKeySealer(secret: () => Buffer): KeySealer {
  let cached: Buffer | undefined
  const key = () => {
    cached ??= secret()
    return cached
  }
  return {
    seal(projectId, apiKey) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, key(), iv).setAAD(Buffer.from(projectId))
      const sealed = Buffer.concat([cipher.update(apiKey, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
    },
    open(projectId, ciphertext) {
      try {
        const bytes = Buffer.from(ciphertext, 'base64')
        const decipher = createDecipheriv(ALGORITHM, key(), bytes.subarray(0, IV_BYTES), {
          authTagLength: TAG_BYTES,
        })
        decipher.setAAD(Buffer.from(projectId))
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
        return Buffer.concat([
          decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
          decipher.final(),
        ]).toString()
      } catch {
        throw keyUnreadable()
      }
    },
  }
}

/**
 * The secret kept in a file of the data directory, mode 0600, made on first use.
 *
 * @throws ServiceError SERVICE_UNAVAILABLE when the file cannot be read or made.
 */
export function secretFromFile(dataDir: string): Buffer {
  const file = join(dataDir, 'secret.key')
  try {
    return readSecret(file) ?? makeSecret(dataDir, file)
  } catch (cause) {
    throw keyFileUnusable({ cause })
  }
}

function readSecret(file: string): Buffer | undefined {
  try {
    const secret = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')
    if (secret.length !== KEY_BYTES) throw new Error(`${file} does not hold 32 bytes in base64`)
    return secret
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function makeSecret(dataDir: string, file: string): Buffer {
  makeFolder(dataDir)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flush: true })
  try {
    // A link is made whole or not at all, and never over another process's file.
    linkSync(draft, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    unlinkSync(draft)
  }
  const secret = readSecret(file)
  if (secret === undefined) throw new Error(`${file} is gone`)
  return secret
}
