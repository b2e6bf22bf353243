import { describe, expect, it } from 'vitest'
import { gate } from '../../src/images/gate.js'

describe('gate', () => {
  it('keeps the cost inside within the capacity and the order of arrival', async () => {
    const enter = gate(2)
    let inside = 0
    let most = 0
    const order: number[] = []
    const costs = [1, 1, 2, 1, 2, 1, 1]
    await Promise.all(
      costs.map((cost, at) =>
        enter(cost, async () => {
          order.push(at)
          inside += cost
          most = Math.max(most, inside)
          await new Promise((resolve) => setTimeout(resolve, 5))
          inside -= cost
        }),
      ),
    )
    expect(most).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('passes results and errors through and goes on after an error', async () => {
    const enter = gate(1)
    const failing = enter(1, async () => Promise.reject(new Error('no')))
    const next = enter(1, async () => 'yes')
    await expect(failing).rejects.toThrow('no')
    await expect(next).resolves.toBe('yes')
  })
})
