import { describe, expect, it } from 'vitest'
import { createPersonasClient } from '../../src/client/client.js'
import { newProjectId } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'

onEveryStore('every persona, one by one,', (service) => {
  /** A project of so many personas, a client, and the pages that it asked for. */
  async function project(count: number, answer: typeof fetch = fetch) {
    const pages: string[] = []
    const client = createPersonasClient({
      url: service().url,
      fetch: (url, init) => {
        if (url.includes('personas.page')) pages.push(url)
        return answer(url, init)
      },
    })
    const projectId = newProjectId()
    const names = Array.from({ length: count }, (_, n) => `n${n}`)
    for (const name of names) await client.personas.create.mutate({ projectId, name })
    return { client, projectId, names, pages }
  }

  it('comes exactly once, in order, while others are created and deleted', async () => {
    const { client, projectId, names, pages } = await project(7)
    const seen: string[] = []
    const ids = new Map<string, string>()
    for await (const { id, name } of client.personas.all({ projectId, pageSize: 3 })) {
      seen.push(name)
      ids.set(name, id)
      if (name === 'n1') await client.personas.create.mutate({ projectId, name: 'new' })
      // The one that the next page starts behind.
      if (name === 'n2') await client.personas.delete.mutate({ projectId, id })
      if (name === 'n4') await client.personas.delete.mutate({ projectId, id: ids.get('n0') ?? '' })
    }
    expect(seen).toEqual([...names, 'new'])
    expect(pages).toHaveLength(3)
  })

  it('is fetched when it is asked for, and none any more once the loop is left', async () => {
    const { client, projectId, pages } = await project(7)
    const all = client.personas.all({ projectId, pageSize: 3 })
    expect(pages).toHaveLength(0)
    for await (const { name } of all) {
      expect(pages).toHaveLength(name < 'n3' ? 1 : 2)
      if (name === 'n3') break
    }
    expect(await all.next()).toEqual({ done: true, value: undefined })
    expect(pages).toHaveLength(2)
  })

  it('is none where the project has none', async () => {
    const { client, projectId } = await project(0)
    for await (const _ of client.personas.all({ projectId })) expect.fail('There is one')
  })

  it('is fetched a hundred at a time, unless it is told otherwise', async () => {
    const { client, projectId, pages } = await project(101)
    let count = 0
    for await (const _ of client.personas.all({ projectId })) count += 1
    expect([count, pages.length]).toEqual([101, 2])
  })

  it('ends with the reason of its signal, between two of a page too', async () => {
    const { client, projectId, pages } = await project(4)
    const given = new AbortController()
    const reason = new Error('enough')
    const seen: string[] = []
    const loop = (async () => {
      for await (const { name } of client.personas.all(
        { projectId, pageSize: 3 },
        { signal: given.signal },
      )) {
        seen.push(name)
        if (name === 'n1') given.abort(reason)
      }
    })()
    await expect(loop).rejects.toBe(reason)
    expect(seen).toEqual(['n0', 'n1'])
    await expect(client.personas.all({ projectId }, { signal: given.signal }).next()).rejects.toBe(reason)
    expect(pages).toHaveLength(1)
  })

  it('comes although a page had to be asked for twice', async () => {
    let busy = true
    const { client, projectId, names, pages } = await project(5, async (url, init) => {
      if (busy && String(url).includes('cursor')) {
        busy = false
        const data = { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, reason: 'overloaded', retryAfter: 0 }
        return Response.json({ error: { message: 'm', code: -32000, data } }, { status: 503 })
      }
      return fetch(url, init)
    })
    const seen: string[] = []
    for await (const { name } of client.personas.all({ projectId, pageSize: 3 })) seen.push(name)
    expect(seen).toEqual(names)
    expect(pages).toHaveLength(3)
  })

  describe('but for an error,', () => {
    it('which has the stack of the loop', async () => {
      const { client, projectId } = await project(0)
      async function theLoop() {
        for await (const _ of client.personas.all({ projectId, pageSize: 501 })) expect.fail('There is one')
      }
      const error = await theLoop().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ name: 'PersonasError', code: 'BAD_REQUEST' })
      expect((error as Error).stack).toMatch(/at theLoop .*all\.test\.ts/)
    })
  })
})
