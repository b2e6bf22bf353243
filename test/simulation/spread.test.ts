import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areNear, spread } from '../../src/simulation/spread.js'

const axes = fc.array(fc.integer({ min: 2, max: 10 }), { minLength: 1, maxLength: 6 }).map((sizes) =>
  sizes.map((size, axis) => ({
    name: `axis ${axis}`,
    values: Array.from({ length: size }, (_, value) => `${axis}.${value}`),
  })),
)
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

describe('combinations', () => {
  it('hold every value once there are as many, and none twice while there are others', () => {
    fc.assert(
      fc.property(axes, fc.integer({ min: 1, max: 20 }), seeds, (given, count, seed) => {
        const found = spread(given, { count, seed })
        expect(found).toHaveLength(count)
        const total = given.reduce((product, { values }) => product * values.length, 1)
        expect(new Set(found.map((each) => each.join())).size).toBe(Math.min(count, total))
        for (const [axis, { values }] of given.entries()) {
          const seen = new Set(found.map((each) => each[axis]))
          expect(seen.size).toBe(Math.min(values.length, count))
          expect(found.every((each) => values.includes(each[axis] ?? ''))).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('follow from the seed', () => {
    const given = [
      { name: 'a', values: ['1', '2', '3'] },
      { name: 'b', values: ['4', '5', '6'] },
    ]
    const of = (seed: number) => JSON.stringify(spread(given, { count: 9, seed }))
    expect(of(7)).toBe(of(7))
    expect(new Set([1, 2, 3, 4, 5, 6].map(of)).size).toBeGreaterThan(3)
  })
})

describe('texts that are nearly the same', () => {
  const text = 'You ordered a lamp five days ago and you want to know where it is, now.'

  it.each([
    ['the same but for case and punctuation', text.toUpperCase().replaceAll(',', ';'), true],
    ['one that another contains', `${text} You write in lower case and never say please or thank you.`, true],
    ['another situation', 'You moved to a new flat, and your parcel went to the old address.', false],
    ['the same words in another order', text.split(' ').reverse().join(' '), false],
    ['too short to tell', 'You ordered', false],
  ])('%s', (_, other, near) => {
    expect([areNear(text, other), areNear(other, text)]).toEqual([near, near])
  })

  it.each([
    ['two short ones', 'Be angry.', 'be angry', true],
    ['short ones that differ', 'Be angry.', 'Be calm.', false],
    ['without spaces, the same', '荷物が五日も遅れて怒っている客', '荷物が五日も遅れて怒っている客。', true],
    [
      'without spaces, but for the end',
      '荷物が五日も遅れて怒っている客',
      '荷物が五日も遅れて困っている人',
      true,
    ],
    ['without spaces, another', '荷物が五日も遅れて怒っている客', '引っ越したばかりで住所が変わった', false],
    ['with marks, another', 'आप बहुत गुस्से में हैं', 'आपका पार्सल नहीं आया है', false],
    ['of two compositions', 'Fünf Tage später', 'Fünf Tage später'.normalize('NFD'), true],
  ])('%s', (_, one, other, near) => {
    expect([areNear(one, other), areNear(other, one)]).toEqual([near, near])
  })
})
