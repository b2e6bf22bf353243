import { createHash, randomBytes } from 'node:crypto'

// A process that restarts begins its counter again: these bytes keep its keys apart from those of any other process.
const processMark = randomBytes(5).toString('hex')
let lastTime = 0
let count = 0

function digits(value: number, width: number): string {
  return value.toString(36).padStart(width, '0')
}

/**
 * A document key that is greater, compared as text, than every key this process made before, whatever the
 * clock does: milliseconds, a counter within the millisecond, and a mark of the process.
 */
export function nextOrderKey(): string {
  const now = Date.now()
  if (now > lastTime) {
    lastTime = now
    count = 0
  } else {
    count += 1
  }
  return digits(lastTime, 9) + digits(count, 6) + processMark
}

/** Makes every key that this process makes from now on greater than `key`, one of another process. */
export function continueBehind(key: string): void {
  const time = Number.parseInt(key.slice(0, 9), 36)
  const counted = Number.parseInt(key.slice(9, 15), 36)
  if (time === lastTime) count = Math.max(count, counted)
  if (time <= lastTime) return
  lastTime = time
  count = counted
}

/** A persona's place in the order of creation. */
export interface Place {
  createdAt: Date
  _id: string
}

/** The place that a persona created now takes, behind `newest`, the last of its project. */
export function placeBehind(newest: Place | null, now: number): Place {
  const _id = nextOrderKey()
  if (newest === null) return { createdAt: new Date(now), _id }
  // The newest may come from another process, whose keys of the same millisecond can be greater.
  const floor = newest.createdAt.getTime() + (_id > newest._id ? 0 : 1)
  return { createdAt: new Date(Math.max(now, floor)), _id }
}

/** A document's place in a list: what the list is ordered by, and the document. */
interface ListPlace {
  key: string
  _id: string
}

/** A text that stands for a place in one list, with a checksum of both. */
export function encodeCursor(list: string, { key, _id }: ListPlace): string {
  const place = `${_id} ${key}`
  const sum = createHash('sha256').update(`${list}\n${place}`).digest('base64url').slice(0, 16)
  return Buffer.from(`${sum} ${place}`).toString('base64url')
}

/** The place such a text stands for; undefined for any that `encodeCursor` did not make for the list. */
export function decodeCursor(list: string, cursor: string): ListPlace | undefined {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, _id, key] = /^\S+ ([0-9a-z]{25}) (.*)$/s.exec(text) ?? []
  if (_id === undefined || key === undefined) return undefined
  const place = { key, _id }
  return encodeCursor(list, place) === cursor ? place : undefined
}
