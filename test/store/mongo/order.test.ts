import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { decodeCursor, encodeCursor, nextOrderKey, placeBehind } from '../../../src/store/mongo/order.js'
import { range, T0 } from '../samples.js'

it('makes keys that grow within a millisecond and when the clock goes back', () => {
  vi.useFakeTimers({ now: Date.now() + 1_000 })
  const keys = range(5_000).map(() => nextOrderKey())
  vi.setSystemTime(T0)
  keys.push(...range(5_000).map(() => nextOrderKey()))
  vi.useRealTimers()
  expect(keys).toEqual([...new Set(keys)].sort())
})

it('places a persona behind the newest, even one whose key is greater', () => {
  expect(placeBehind(null, T0).createdAt.getTime()).toBe(T0)
  const newest = { createdAt: new Date(T0), _id: nextOrderKey() }
  expect(placeBehind(newest, T0).createdAt.getTime()).toBe(T0)
  expect(placeBehind(newest, T0 - 5_000).createdAt.getTime()).toBe(T0)
  expect(placeBehind({ ...newest, _id: 'z'.repeat(25) }, T0).createdAt.getTime()).toBe(T0 + 1)
  expect(placeBehind(newest, T0 + 5_000).createdAt.getTime()).toBe(T0 + 5_000)
})

it('reads back its own cursors and no other text', () => {
  const place = { key: String(T0), _id: nextOrderKey() }
  const cursor = encodeCursor('list', place)
  expect(decodeCursor('list', cursor)).toStrictEqual(place)
  expect(decodeCursor('other list', cursor)).toBeUndefined()
  for (const other of [`${cursor}A`, `${cursor}=`, cursor.slice(1), ` ${cursor}`, cursor.slice(0, -1)]) {
    expect(decodeCursor('list', other)).toBeUndefined()
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeCursor('list', text) === undefined))
})
