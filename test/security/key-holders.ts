import { randomUUID } from 'node:crypto'
import { type databases, type Running, startService } from '../support/helper.js'

/** Two projects that have a key each; the first has an id that URLs spell in many ways. */
export const MINE = `mine/ü%41 ${randomUUID()}`
export const OTHER = `other-${randomUUID()}`
/** The key that opens every project, and those that open one. */
export const GENERAL = 'general-key-0123456789'
export const BOUND = 'bound-key-0123456789'
/** One more, in which nothing is stored. */
export const EMPTY = `empty-${randomUUID()}`
export const EMPTY_BOUND = 'empty-bound-key-0123456789'
const OTHER_BOUND = 'other-bound-key-0123456789'

export const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

/** One store, as holders of different keys reach it. */
export interface KeyHolders {
  nobody: Running
  wrong: Running
  general: Running
  bound: Running
  other: Running
  close(): Promise<void>
}

/** Serves one store with keys set, to callers who send theirs. */
export async function keyHolders(database: (typeof databases)[number]): Promise<KeyHolders> {
  const env = { API_KEYS: `${GENERAL}, ${MINE}=${BOUND},${OTHER}=${OTHER_BOUND},${EMPTY}=${EMPTY_BOUND}` }
  const nobody = await startService(database, { env })
  return {
    nobody,
    wrong: nobody.as(bearer('wrong-key-0123456789')),
    general: nobody.as(bearer(GENERAL)),
    bound: nobody.as(bearer(BOUND)),
    other: nobody.as(bearer(OTHER_BOUND)),
    close: nobody.close,
  }
}
