import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serverBusy } from '../src/errors/requests.js'
import { type Hold, Limit } from '../src/limit.js'

const options = { name: 'test', error: serverBusy }

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await new Promise((resolve) => setImmediate(resolve))
  return (await Promise.race([promise, pending])) === pending
}

describe('a limit', () => {
  it('lets in what fits, and the rest as soon as there is room', async () => {
    const limit = new Limit({ ...options, capacity: 10 })
    const first = await limit.take(6)
    const second = limit.take(6)
    expect(await isPending(second)).toBe(true)
    expect([limit.used, limit.waiting]).toEqual([6, 1])
    first.release()
    first.release()
    const hold = await second
    expect([limit.used, limit.waiting]).toEqual([6, 0])
    hold.resize(2)
    expect(limit.used).toBe(2)
    hold.release()
    expect(limit.used).toBe(0)
  })

  it('takes a cost beyond the capacity for all of it', async () => {
    const limit = new Limit({ ...options, capacity: 10 })
    const hold = await limit.take(1_000)
    expect(limit.used).toBe(10)
    hold.release()
  })

  it('serves callers in turn, whoever asked for more', async () => {
    const limit = new Limit({ ...options, capacity: 1 })
    const served: string[] = []
    const holder = await limit.take(1)
    const ask = (caller: string, label: string) =>
      limit.run(1, async () => void served.push(label), { caller })
    const all = [
      ask('greedy', 'g1'),
      ask('greedy', 'g2'),
      ask('greedy', 'g3'),
      ask('modest', 'm1'),
      ask('late', 'l1'),
    ]
    holder.release()
    await Promise.all(all)
    expect(served).toEqual(['g1', 'm1', 'l1', 'g2', 'g3'])
  })

  it('keeps a part for others where it is shared, whatever one caller holds or waits for', async () => {
    const limit = new Limit({ ...options, capacity: 100, maxWaiting: 4, isShared: true })
    const all = await limit.take(1_000, { caller: 'greedy' })
    expect(limit.used).toBe(75)
    const waiting = Array.from({ length: 3 }, () => limit.take(1, { caller: 'greedy' }))
    await expect(limit.take(1, { caller: 'greedy' })).rejects.toMatchObject({ reason: 'overloaded' })
    const other = await limit.take(25, { caller: 'modest' })
    expect([limit.used, limit.waiting]).toEqual([100, 3])
    expect(() => limit.takeNow(1, { caller: 'greedy' })).toThrow(serverBusy.text)
    other.release()
    limit.takeNow(25, { caller: 'third' }).release()
    all.resize(10_000)
    expect(limit.used).toBe(75)
    all.release()
    for (const hold of await Promise.all(waiting)) hold.release()
    expect([limit.used, limit.waiting]).toEqual([0, 0])
    ;(await limit.take(75, { caller: 'greedy' })).release()
  })

  it('does not let the cheap overtake the dear', async () => {
    const limit = new Limit({ ...options, capacity: 10 })
    const holder = await limit.take(5)
    const dear = limit.take(10)
    const cheap = limit.take(1)
    expect(await isPending(cheap)).toBe(true)
    holder.release()
    ;(await dear).release()
    ;(await cheap).release()
    expect([limit.used, limit.waiting]).toEqual([0, 0])
  })

  it('answers 503 beyond the waiting places, after the longest wait, and where waiting is no option', async () => {
    const limit = new Limit({ ...options, capacity: 1, maxWaiting: 1, maxWaitMs: 30 })
    const hold = await limit.take(1)
    const waiting = limit.take(1)
    const overloaded = { code: 'SERVICE_UNAVAILABLE', reason: 'overloaded', retryAfter: 1 }
    await expect(limit.take(1)).rejects.toMatchObject(overloaded)
    expect(() => limit.takeNow(1)).toThrow(serverBusy.text)
    await expect(waiting).rejects.toMatchObject(overloaded)
    hold.release()
    expect([limit.used, limit.waiting]).toEqual([0, 0])
    limit.takeNow(1).release()
  })

  it('lets go of a caller that leaves while it waits', async () => {
    const limit = new Limit({ ...options, capacity: 1 })
    const hold = await limit.take(1)
    const leaving = new AbortController()
    const gone = limit.take(1, { signal: leaving.signal })
    const next = limit.take(1)
    leaving.abort(new Error('left'))
    await expect(gone).rejects.toThrow('left')
    hold.release()
    ;(await next).release()
    expect([limit.used, limit.waiting]).toEqual([0, 0])
    await expect(limit.take(1, { signal: leaving.signal })).rejects.toThrow('left')
    expect(limit.used).toBe(0)
  })

  it('gives back what it counts, whatever is taken, resized, given up and released in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), cost: fc.nat(15), caller: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constantFrom('release' as const, 'abort' as const), at: fc.nat(20) }),
      fc.record({ kind: fc.constant('resize' as const), at: fc.nat(20), cost: fc.nat(15) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const limit = new Limit({ ...options, capacity: 10 })
        const holds: Hold[] = []
        const aborts: AbortController[] = []
        const taken: Promise<unknown>[] = []
        for (const each of steps) {
          if (each.kind === 'take') {
            const abort = new AbortController()
            aborts.push(abort)
            const { cost, caller } = each
            const take = limit.take(cost, { caller, signal: abort.signal })
            taken.push(take.then((hold) => holds.push(hold)).catch(() => undefined))
          } else if (each.kind === 'release') holds[each.at % (holds.length || 1)]?.release()
          else if (each.kind === 'resize') holds[each.at % (holds.length || 1)]?.resize(each.cost)
          else aborts[each.at % (aborts.length || 1)]?.abort(new Error('left'))
          await null
        }
        while (limit.waiting > 0) {
          for (const hold of holds) hold.release()
          await new Promise((resolve) => setImmediate(resolve))
        }
        await Promise.all(taken)
        for (const hold of holds) hold.release()
        expect([limit.used, limit.waiting]).toEqual([0, 0])
      }),
      { numRuns: 300 },
    )
  })
})
