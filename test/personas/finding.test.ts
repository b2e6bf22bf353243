import { describe, expect, it } from 'vitest'
import { createPersonasClient } from '../../src/client/client.js'
import { badCursor } from '../../src/errors/personas.js'
import { malformedRequest } from '../../src/errors/requests.js'
import type { Persona } from '../../src/personas/schema.js'
import { newProjectId, type Running } from '../support/helper.js'
import { onEveryStore, throughBoth } from '../support/matrix.js'
import { openRaw } from '../support/raw.js'

const drafts = [
  { name: 'Zoë', description: 'An ángry customer', tags: ['Billing', 'late'] },
  { name: 'adam', description: 'asks for a refund', tags: ['billing'] },
  { name: '東京の客', tags: ['VIP'] },
  { name: 'Eve', description: 'angry about late refunds' },
]

async function fill({ client }: Running): Promise<string> {
  const projectId = newProjectId()
  for (const draft of drafts) await client.personas.create.mutate({ projectId, ...draft })
  return projectId
}

throughBoth('finding personas', (caller, service) => {
  const call = (procedure: string, input: Record<string, unknown>) => caller().call(procedure, input)
  const names = async (input: Record<string, unknown>) => {
    const { status, value } = await call('personas.list', input)
    expect(status, JSON.stringify(input)).toBe(200)
    return value.map(({ name }: Persona) => name)
  }

  it('leaves those for which all that is asked for holds, in the order that is asked for', async () => {
    const projectId = await fill(service())
    const found = (input: Record<string, unknown>) => names({ projectId, ...input })
    expect(await found({ q: 'ANGRY' })).toEqual(['Zoë', 'Eve'])
    expect(await found({ q: 'angry LATE' })).toEqual(['Zoë', 'Eve'])
    expect(await found({ q: 'ang zoe' })).toEqual(['Zoë'])
    expect(await found({ q: '京' })).toEqual(['東京の客'])
    expect(await found({ q: '100%' })).toEqual([])
    expect(await found({ q: ' \t ' })).toHaveLength(4)
    expect(await found({ q: '' })).toHaveLength(4)
    expect(await found({ tags: ['BILLING'] })).toEqual(['Zoë', 'adam'])
    expect(await found({ tags: ['billing', 'Late'] })).toEqual(['Zoë'])
    expect(await found({ tags: ['billing'], q: 'refund', sort: '-name' })).toEqual(['adam'])
    expect(await found({ name: ' Zoe\u0308 ' })).toEqual(['Zoë'])
    expect(await found({ name: 'zoë' })).toEqual([])
    expect(await found({ sort: 'name' })).toEqual(['Eve', 'Zoë', 'adam', '東京の客'])
    expect(await found({ sort: '-name', limit: 2 })).toEqual(['東京の客', 'adam'])
    expect(await found({ sort: '-createdAt' })).toEqual(drafts.map(({ name }) => name).toReversed())
    const [{ id }] = (await call('personas.list', { projectId, name: 'adam' })).value
    await service().client.personas.update.mutate({ projectId, id, description: 'changed' })
    expect((await found({ sort: '-updatedAt' }))[0]).toBe('adam')
    expect((await found({ sort: 'updatedAt' })).at(-1)).toBe('adam')
  })

  it('lists tags, the most used first', async () => {
    const projectId = await fill(service())
    await service().client.personas.create.mutate({
      projectId,
      name: 'more',
      tags: ['BILLING', 'vip', 'late'],
    })
    await service().client.personas.create.mutate({ projectId, name: 'and more', tags: ['billing'] })
    expect(await call('personas.tags', { projectId })).toMatchObject({
      status: 200,
      value: [
        { tag: 'billing', count: 4 },
        { tag: 'VIP', count: 2 },
        { tag: 'late', count: 2 },
      ],
    })
    expect(await call('personas.tags', { projectId: newProjectId() })).toMatchObject({
      status: 200,
      value: [],
    })
  })

  const sorts = 'createdAt, -createdAt, updatedAt, -updatedAt, name, -name'
  it.each([
    [{ tags: Array.from({ length: 100 }, (_, n) => `t${n}`) }, 'tags must hold at most 20 tags'],
    [{ tags: ['x'.repeat(51)] }, 'tags.0 must be at most 50 characters'],
    [{ tags: ['a', ' '] }, 'tags.1 must not be empty'],
    [{ tags: ['a\u0000'] }, 'tags.0 must not contain control characters'],
    [{ sort: 'price' }, `sort must be one of ${sorts}`],
    [{ sort: '' }, `sort must be one of ${sorts}`],
    [{ sort: '--name' }, `sort must be one of ${sorts}`],
    [{ q: 'q'.repeat(201) }, 'q must be at most 200 characters'],
    [{ q: 'a\u0000b' }, 'q must not contain NUL characters'],
    [{ name: ' ' }, 'name must not be empty'],
    [{ name: 'n'.repeat(201) }, 'name must be at most 200 characters'],
    [{ name: 'a\u0000' }, 'name must not contain NUL characters'],
    [{ limit: 0, sort: 'name' }, 'limit must be a whole number from 1 to 500'],
  ])('refuses %j', async (wrong, message) => {
    const outcome = await call('personas.list', { projectId: newProjectId(), ...wrong })
    expect(outcome).toMatchObject({ status: 400, message, issues: [{ message }] })
  })

  it('takes what is as long as it may be', async () => {
    const projectId = await fill(service())
    const tags = Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(50, 'x'))
    expect(await names({ projectId, tags, q: '🙂'.repeat(200), name: 'n'.repeat(200) })).toEqual([])
    // Each of these is four words, the most that a character folds to.
    expect(await names({ projectId, q: 'ﷺ'.repeat(200) })).toEqual([])
    const words = Array.from({ length: 100 }, (_, n) => String.fromCharCode(97 + (n % 26))).join(' ')
    expect(await names({ projectId, q: words })).toEqual([])
  })

  it('finds nothing by a word of accents alone, and a word with a separate accent as it folds', async () => {
    const projectId = await fill(service())
    for (const q of ['\u0301', '\ufe0f', 'a \u0301']) expect(await names({ projectId, q })).toEqual([])
    const { nextCursor: cursor } = await service().client.personas.page.query({ projectId, limit: 1 })
    expect(await call('personas.list', { projectId, q: '\u0301', cursor })).toMatchObject({ status: 400 })
    await service().client.personas.create.mutate({ projectId, name: 'b a' })
    expect(await names({ projectId, q: 'a\u00a8b' })).toEqual([])
    expect(await names({ projectId, q: 'b\u00a8a' })).toEqual(['b a'])
  })

  it('takes a tag that is wanted twice as one', async () => {
    const projectId = await fill(service())
    const once = await names({ projectId, tags: ['vip'] })
    expect(once.length).toBeGreaterThan(0)
    expect(await names({ projectId, tags: ['vip', 'VIP', 'vip'] })).toEqual(once)
  })

  it('refuses a cursor of another project', async () => {
    const [projectId, other] = [await fill(service()), await fill(service())]
    for (const query of [{}, { sort: 'name' as const }, { q: 'a' }]) {
      const page = await service().client.personas.page.query({ projectId, ...query, limit: 1 })
      const cursor = page.nextCursor
      expect(cursor).toBeDefined()
      const outcome = await call('personas.list', { projectId: other, ...query, cursor })
      expect(outcome).toMatchObject({ status: 400, message: badCursor.text, issues: [{ path: 'cursor' }] })
    }
  })

  it('refuses a cursor of another query', async () => {
    const projectId = await fill(service())
    const { nextCursor: cursor } = await service().client.personas.page.query({
      projectId,
      sort: 'name',
      limit: 1,
    })
    expect(await names({ projectId, sort: 'name', cursor, limit: 2 })).toEqual(['Zoë', 'adam'])
    for (const other of [{}, { sort: '-name' }, { sort: 'name', q: 'a' }, { sort: 'name', tags: ['vip'] }]) {
      const outcome = await call('personas.list', { projectId, ...other, cursor })
      expect(outcome).toMatchObject({ status: 400, message: badCursor.text, issues: [{ path: 'cursor' }] })
    }
  })
})

onEveryStore('finding personas', (service) => {
  it('goes on by Link with the same filters', async () => {
    const projectId = await fill(service())
    const seen: string[] = []
    let next: string | undefined =
      `/api/projects/${projectId}/personas?tag=billing&tag=%20Billing%20x&sort=-name&limit=1`
    // Two that are alike but for what is around them are two.
    expect(await (await service().send(next)).json()).toEqual([])
    next = `/api/projects/${projectId}/personas?tag=BILLING&sort=-name&q=a&limit=1`
    while (next !== undefined) {
      const response = await service().send(next)
      seen.push(...((await response.json()) as Persona[]).map(({ name }) => name))
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(['adam', 'Zoë'])
  })

  it('links to the next page of a path as it was sent, and refuses escapes that are none', async () => {
    const projectId = `${newProjectId()}\\b`
    for (const name of ['one', 'two']) await service().client.personas.create.mutate({ projectId, name })
    const { port } = new URL(service().url)
    const ask = (target: string) =>
      openRaw(
        `http://localhost:${port}`,
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      )
    const first = await ask(`/api/projects/${projectId}/personas?limit=1`).received
    const next = /link: <([^>]+)>/i.exec(first)?.[1] ?? ''
    expect(next.startsWith(`/api/projects/${projectId}/personas?`)).toBe(true)
    expect(await ask(next).received).toMatch(/^HTTP\/1\.1 200 .*"two"/s)
    const wrong = await service().send(`/api/projects/${newProjectId()}/personas?q=%FF`)
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { message: malformedRequest.text }])
  })

  describe('takes no other types', () => {
    it.each([
      [{ tags: 'billing' }, 'tags must be a list'],
      [{ tags: [5] }, 'tags.0 must be a string'],
      [{ tags: null }, 'tags must be a list'],
      [{ q: 5 }, 'q must be a string'],
      [{ q: ['a'] }, 'q must be a string'],
      [{ q: '\ud800' }, 'q must not contain lone surrogates'],
      [{ sort: ['name'] }, 'sort must be one of createdAt, -createdAt, updatedAt, -updatedAt, name, -name'],
      [{ name: null }, 'name must be a string'],
    ])('in tRPC: %j', async (wrong, message) => {
      const outcome = await service().trpc.call('personas.page', { projectId: newProjectId(), ...wrong })
      expect(outcome).toMatchObject({ status: 400, message })
    })

    it.each([
      ['q=a&q=b', 400],
      ['sort=name&sort=name', 400],
      ['tag=a', 200],
      ['tag=', 400],
      ['tag[]=a', 200],
    ])('in REST: %s', async (query, status) => {
      const response = await service().send(`/api/projects/${newProjectId()}/personas?${query}`)
      expect(response.status).toBe(status)
    })
  })

  it('knows tag by its name in REST, and tags by its name in tRPC, where unknown input is refused', async () => {
    const projectId = await fill(service())
    const strict = service().as({ Prefer: 'handling=strict' })
    expect((await strict.send(`/api/projects/${projectId}/personas?tag=vip&q=a`)).status).toBe(200)
    const wrong = await strict.send(`/api/projects/${projectId}/personas?tags=vip`)
    const { message } = (await wrong.json()) as { message: string }
    expect([wrong.status, message]).toEqual([400, 'tags is not known: did you mean tag?'])
    expect(await strict.client.personas.list.query({ projectId, tags: ['vip'] })).toHaveLength(1)
  })

  it('gives the client one persona after another of those that are asked for', async () => {
    const projectId = await fill(service())
    const client = createPersonasClient({ url: service().url })
    const names: string[] = []
    for await (const { name } of client.personas.all({ projectId, q: 'a', sort: 'name', pageSize: 1 }))
      names.push(name)
    expect(names).toEqual(['Eve', 'Zoë', 'adam'])
    expect(await client.personas.tags.query({ projectId })).toContainEqual({ tag: 'VIP', count: 1 })
  })
})
