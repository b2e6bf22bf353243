import { createHash, timingSafeEqual } from 'node:crypto'
import type { Access } from '../api/trpc.js'
import type { ApiKey } from '../config.js'

/** Returns what the sender of an `Authorization` header may reach. */
export type Authenticate = (authorization: string | undefined) => Access

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Bearer keys (RFC 6750 §2.1). Without keys everyone reaches everything. Every key is compared, by its digest
 * and in constant time, so that the time taken reveals nothing about them.
 */
export function authenticator(keys: readonly ApiKey[] | undefined): Authenticate {
  if (keys === undefined) {
    const everything = {}
    return () => everything
  }
  const known = keys.map(({ key, projectId }) => {
    const ofKey = digest(key)
    const label = { key: ofKey.toString('hex').slice(0, 8) }
    return { digest: ofKey, access: projectId === undefined ? label : { ...label, projectId } }
  })
  return (authorization) => {
    if (authorization === undefined) return undefined
    const given = digest(/^Bearer +([^ ]+) *$/i.exec(authorization)?.[1] ?? '')
    let access: Access
    for (const candidate of known) {
      if (timingSafeEqual(candidate.digest, given)) access = candidate.access
    }
    return access
  }
}
