import { describe, expect, it } from 'vitest'
import { newProjectId, type Running, startService } from '../helper.js'
import { onEveryStore } from '../matrix.js'

async function fill(service: Running, projectId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const { id } = await service.client.personas.create.mutate({ projectId, name: `n${n}` })
    ids.push(id)
  }
  return ids
}

async function restPages(service: Running, path: string): Promise<{ id: string }[][]> {
  const pages: { id: string }[][] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const response = await service.send(next)
    expect(response.status).toBe(200)
    pages.push((await response.json()) as { id: string }[])
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
  }
  return pages
}

onEveryStore('pages', (service) => {
  it('show every persona once, in order, by Link in REST and nextCursor in tRPC', async () => {
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

describe('a list larger than one text can be', () => {
  it('is 400 and says to page through it', async () => {
    const service = await startService()
    // What V8 throws at half a gigabyte, without one.
    service.store.listPersonasAsJson = async () => ({ json: 'x'.padEnd(2 ** 30) })
    service.store.listPersonas = async () => ({
      items: [],
      nextCursor: Buffer.allocUnsafe(2 ** 30).toString(),
    })
    const message = 'limit is needed: the list is too large for one answer'
    const response = await service.send('/api/projects/p/personas')
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { message, issues: [{ path: 'limit', message }] },
    ])
    await expect(service.client.personas.list.query({ projectId: 'p' })).rejects.toThrow(message)
    await service.close()
  })
})
