import { describe, expect, it } from 'vitest'
import { SharedWork } from '../../src/images/shared-work.js'

/** Work that ends when it is told to, and rejects when all callers have left. */
function workshop() {
  const begun: { finish: (value: string) => void; signal: AbortSignal }[] = []
  const begin = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ finish: resolve, signal })
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  return { begun, begin }
}

describe('shared work', () => {
  it('is done once for all who want it meanwhile, and again for those who come later', async () => {
    const { begun, begin } = workshop()
    const shared = new SharedWork<string>()
    const both = [shared.join('a', begin), shared.join('a', begin)]
    const other = shared.join('b', begin)
    expect(begun).toHaveLength(2)
    begun[0]?.finish('first')
    begun[1]?.finish('other')
    expect(await Promise.all([...both, other])).toEqual(['first', 'first', 'other'])
    const later = shared.join('a', begin)
    begun[2]?.finish('second')
    expect(await later).toBe('second')
  })

  it('goes on while one caller is left, and is given up with the last', async () => {
    const { begun, begin } = workshop()
    const shared = new SharedWork<string>()
    const [one, two] = [new AbortController(), new AbortController()]
    const first = shared.join('a', begin, one.signal)
    const second = shared.join('a', begin, two.signal)
    one.abort(new Error('one left'))
    await expect(first).rejects.toThrow('one left')
    expect(begun[0]?.signal.aborted).toBe(false)
    two.abort(new Error('two left'))
    await expect(second).rejects.toThrow('two left')
    expect(begun[0]?.signal.aborted).toBe(true)
    // Whoever comes now gets work that is not given up.
    const third = shared.join('a', begin)
    begun[1]?.finish('done')
    expect(await third).toBe('done')
  })

  it('fails for all who wait, and is not remembered as failed', async () => {
    const shared = new SharedWork<string>()
    const failing = async () => Promise.reject(new Error('no'))
    const both = await Promise.allSettled([shared.join('a', failing), shared.join('a', failing)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await shared.join('a', async () => 'yes')).toBe('yes')
  })

  it('is not begun for a caller that has left already', async () => {
    const { begun, begin } = workshop()
    const left = AbortSignal.abort(new Error('left'))
    await expect(new SharedWork<string>().join('a', begin, left)).rejects.toThrow('left')
    expect(begun).toHaveLength(0)
  })
})
