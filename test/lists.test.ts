import { describe, expect, it } from 'vitest'
import { jsonPage, LIST_BYTES, type ListBudget, wholeList } from '../src/lists.js'

/** A budget that has room for so many bytes at first, and then for so many. */
function budgetOf(...rooms: number[]): { budget: ListBudget; given: number[] } {
  const given: number[] = []
  const { signal } = new AbortController()
  const budget: ListBudget = {
    async read(_, read) {
      for (const room of rooms) {
        given.push(room)
        const page = await read(room, signal)
        if (page.endsEarly === undefined || room === rooms.at(-1)) return page
      }
      throw new Error('No room is asked for')
    },
  }
  return { budget, given }
}

describe('a list without pages', () => {
  const list = jsonPage(['some', 'projects'])
  const read = async () => list

  it('is sent whole within the room there is', async () => {
    const { budget, given } = budgetOf(list.bytes)
    expect(await wholeList(budget, read)).toBe(list)
    expect(given).toEqual([list.bytes])
  })

  it('waits for room for all of it, and is never sent in part', async () => {
    const { budget, given } = budgetOf(list.bytes - 1, LIST_BYTES)
    expect(await wholeList(budget, read)).toBe(list)
    expect(given).toEqual([list.bytes - 1, LIST_BYTES])
    const full = budgetOf(1, list.bytes - 1)
    await expect(wholeList(full.budget, read)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })
})
