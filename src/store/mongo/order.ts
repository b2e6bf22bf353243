import { randomBytes } from 'node:crypto'

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

/** The opaque text that stands for a place in links to the next page. */
export function encodeCursor({ createdAt, _id }: Place): string {
  return Buffer.from(`${createdAt.getTime()} ${_id}`).toString('base64url')
}

/** The place a cursor stands for; undefined for any text that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): Place | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const [, time, _id] = /^(\d{1,15}) ([0-9a-z]{25})$/.exec(text) ?? []
  if (time === undefined || _id === undefined) return undefined
  const place = { createdAt: new Date(Number(time)), _id }
  return encodeCursor(place) === cursor ? place : undefined
}

/** A text that stands for a place in a list of a query: its mark, the document, and what the list is ordered by. */
export function encodeFound(mark: string, { key, _id }: { key: string; _id: string }): string {
  return Buffer.from(`${mark} ${_id} ${key}`).toString('base64url')
}

/** The place such a text stands for; undefined for any that `encodeFound` did not make for the mark. */
export function decodeFound(mark: string, cursor: string): { key: string; _id: string } | undefined {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, _id, key] = /^\S+ ([0-9a-z]{25}) (.*)$/s.exec(text) ?? []
  if (_id === undefined || key === undefined) return undefined
  const place = { key, _id }
  return encodeFound(mark, place) === cursor ? place : undefined
}
