import { expect, it, vi } from 'vitest'
import { needsLimit } from '../../src/errors/personas.js'
import type { ListRequest, Store } from '../../src/store/store.js'
import { newProjectId, type Running } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'

async function fill(service: Running, projectId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const { id } = await service.client.personas.create.mutate({ projectId, name: `n${n}` })
    ids.push(id)
  }
  return ids
}

interface Listed {
  id: string
  name: string
}

async function restPages(service: Running, path: string): Promise<Listed[][]> {
  const pages: Listed[][] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const response = await service.send(next)
    expect(response.status).toBe(200)
    pages.push((await response.json()) as Listed[])
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    const cursor = next === undefined ? null : new URL(next, service.url).searchParams.get('cursor')
    expect(response.headers.get('x-next-cursor')).toBe(cursor)
  }
  return pages
}

onEveryStore('pages', (service) => {
  it('show every persona once, in order, by Link and X-Next-Cursor in REST and nextCursor in tRPC', async () => {
    const projectId = newProjectId()
    const ids = await fill(service(), projectId, 7)
    const pages = await restPages(service(), `/api/projects/${projectId}/personas?limit=3`)
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
    expect(pages.flat().map(({ id }) => id)).toEqual(ids)

    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await service().client.personas.page.query({ projectId, limit: 3, cursor })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(seen).toEqual(ids)
  })

  it('have no next page when the last one is full', async () => {
    const projectId = newProjectId()
    await fill(service(), projectId, 4)
    const pages = await restPages(service(), `/api/projects/${projectId}/personas?limit=2`)
    expect(pages.map((page) => page.length)).toEqual([2, 2])
  })

  it('keep the project’s spelling in Link', async () => {
    const projectId = `a b/ü ${newProjectId()}`
    const ids = await fill(service(), projectId, 3)
    const pages = await restPages(
      service(),
      `/api/projects/${encodeURIComponent(projectId)}/personas?limit=1`,
    )
    expect(pages.flat().map(({ id }) => id)).toEqual(ids)
  })

  it('show what is there throughout exactly once while personas come and go around the cursor', async () => {
    const projectId = newProjectId()
    const { client } = service()
    const ids = await fill(service(), projectId, 20)
    const doomed = new Set(ids.filter((_, n) => n % 3 === 2))
    const seen: string[] = []
    let cursor: string | undefined
    let round = 0
    do {
      const page = await client.personas.page.query({ projectId, limit: 3, cursor })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
      // The last one shown is the one that the cursor points at.
      const last = page.items.at(-1)?.id
      if (last !== undefined && doomed.has(last)) await client.personas.delete.mutate({ projectId, id: last })
      if (round < 3) await client.personas.create.mutate({ projectId, name: `late ${round}` })
      round += 1
    } while (cursor !== undefined)
    for (const id of ids) expect(seen.filter((each) => each === id)).toHaveLength(1)
    expect(new Set(seen).size).toBe(seen.length)
  })
})

onEveryStore('a list of more bytes than one answer may have', (service) => {
  const MIB = 1024 * 1024

  /** Gives every list a thousandth of its budget, so that small personas are too many. */
  function shrinkBudgets(store: Store): number[] {
    const budgets: number[] = []
    const shrink = ({ maxBytes = 0, ...request }: ListRequest) => {
      budgets.push(maxBytes)
      return { ...request, maxBytes: maxBytes / 1024 }
    }
    const { listPersonas } = store
    vi.spyOn(store, 'listPersonas').mockImplementation((id, request) => listPersonas(id, shrink(request)))
    return budgets
  }

  it('is 400 without limit and says to page; a page of it ends early', async () => {
    const projectId = newProjectId()
    const { client, store } = service()
    const createNext = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        await client.personas.create.mutate({ projectId, name: `n${n}`, systemPrompt: 'x'.repeat(1_800) })
      }
    }
    const path = `/api/projects/${projectId}/personas`
    const budgets = shrinkBudgets(store)
    try {
      // Each has 1,981 to 1,983 bytes: 33 of them, and no more, are in 64 KiB, and 8 in 16.
      await createNext(0, 33)
      expect((await service().send(path)).status).toBe(200)
      await createNext(33, 35)

      const message = needsLimit.text
      const refused = await service().send(path)
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        { message, issues: [{ path: 'limit', message }] },
      ])
      await expect(client.personas.list.query({ projectId })).rejects.toThrow(message)
      expect(Math.max(...budgets)).toBe(64 * MIB)

      const pages = await restPages(service(), `${path}?limit=500`)
      expect(pages.flat().map(({ name }) => name)).toEqual(Array.from({ length: 35 }, (_, n) => `n${n}`))
      expect(pages.map((page) => page.length)).toEqual([8, 8, 8, 8, 3])
      const page = await client.personas.page.query({ projectId, limit: 500 })
      expect(page.items).toHaveLength(8)
      expect(Object.keys(page)).toEqual(['items', 'nextCursor'])
      expect(budgets.at(-1)).toBeLessThanOrEqual(16 * MIB)
    } finally {
      vi.restoreAllMocks()
    }
  })
})
