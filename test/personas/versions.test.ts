import { describe, expect, it } from 'vitest'
import { badCursor, nameTaken, personaNotFound, stale, versionNotFound } from '../../src/errors/personas.js'
import type { PersonaVersion } from '../../src/personas/versions.js'
import { type Caller, databases, newProjectId, startService } from '../support/helper.js'
import { onEveryStore, throughBoth } from '../support/matrix.js'

const NOBODY = '00000000-0000-4000-8000-000000000000'
const WHOLE = 'version must be a whole number from 1'

throughBoth('versions', (caller) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)

  /** A persona of a new project, changed by each of these in turn. */
  async function changedBy(...changes: object[]) {
    const projectId = newProjectId()
    const { value } = await call('personas.create', { projectId, name: 'first', description: 'one' })
    const key = { projectId, id: String(value.id) }
    const made = [value]
    for (const change of changes) made.push((await call('personas.update', { ...key, ...change })).value)
    const versions = async (): Promise<PersonaVersion[]> => (await call('personas.versions', key)).value
    const current = async () => (await call('personas.get', key)).value
    const revert = (input: object) => call('personas.revert', { ...key, ...input })
    return { key, made, versions, current, revert }
  }

  it('are listed newest first, with what each changed', async () => {
    const { key, made, versions } = await changedBy(
      { name: 'second', tags: ['a'] },
      { imageUrl: 'a.png' },
      { description: null, headers: { 'X-A': '1' } },
    )
    const changes = [[], ['name', 'tags'], ['imageUrl'], ['description', 'headers']]
    const expected = made.map(({ version, updatedAt }, at) => ({ version, updatedAt, changed: changes[at] }))
    expect(await versions()).toStrictEqual(expected.reverse())
    const byPrefix = await call('personas.versions', { ...key, id: key.id.slice(0, 13) })
    expect(byPrefix).toMatchObject({ status: 200, value: expected })
  })

  it('show the persona as it was, without its portrait', async () => {
    const { key, made } = await changedBy(
      { imageUrl: 'a.png', metadata: { a: '1' } },
      { name: 'second', imageUrl: null },
    )
    for (const { imageUrl: _, ...content } of made) {
      const { value } = await call('personas.get', { ...key, version: content.version })
      expect(JSON.stringify(value)).toBe(JSON.stringify(content))
    }
  })

  it('are not made by what changes nothing', async () => {
    const { key, made, versions } = await changedBy({ description: 'two' })
    await call('personas.update', { ...key, description: 'two', tags: [] })
    await call('personas.update', { ...key, description: 'three', ifMatch: made[0].updatedAt })
    expect(await versions()).toHaveLength(2)
  })

  it('go with their persona', async () => {
    const { key } = await changedBy({ description: 'two' })
    await call('personas.delete', key)
    expect(await call('personas.versions', key)).toMatchObject({ status: 404, message: personaNotFound.text })
    expect(await call('personas.get', { ...key, version: 1 })).toMatchObject({
      status: 404,
      message: personaNotFound.text,
    })
    expect(await call('personas.revert', { ...key, version: 1 })).toMatchObject({
      status: 404,
      message: personaNotFound.text,
    })
  })

  describe('revert', () => {
    it('makes a new version with the old content, and leaves the portrait', async () => {
      const { made, versions, current, revert } = await changedBy(
        { description: 'two', systemPrompt: 's', imageUrl: 'a.png' },
        { name: 'third', tags: ['a'], metadata: { k: 'v' } },
      )
      const { status, value } = await revert({ version: 1 })
      const { imageUrl } = made[1]
      expect(status).toBe(200)
      expect(value).toStrictEqual({ ...made[0], imageUrl, version: 4, updatedAt: value.updatedAt })
      expect(value.updatedAt > made[2].updatedAt).toBe(true)
      expect(await current()).toStrictEqual(value)
      expect((await versions())[0]).toStrictEqual({
        version: 4,
        updatedAt: value.updatedAt,
        changed: ['name', 'description', 'systemPrompt', 'tags', 'metadata'],
        revertedFrom: 1,
      })
      // And back.
      const again = await revert({ version: 3 })
      expect(again.value).toStrictEqual({ ...made[2], version: 5, updatedAt: again.value.updatedAt })
    })

    it('changes nothing where the content is the same: the current version, or one before it', async () => {
      const { made, versions, current, revert } = await changedBy(
        { description: 'two' },
        { description: 'one' },
        { imageUrl: 'a.png' },
      )
      for (const version of [4, 3, 1]) {
        expect((await revert({ version })).value).toStrictEqual(made[3])
      }
      expect(await current()).toStrictEqual(made[3])
      expect(await versions()).toHaveLength(4)
    })

    it('is a conflict where the name was taken since', async () => {
      const { key, made, versions, current, revert } = await changedBy({ name: 'second', description: 'two' })
      await call('personas.create', { projectId: key.projectId, name: 'first' })
      const message = nameTaken.text({ name: 'first' })
      expect(await revert({ version: 1 })).toMatchObject({ status: 409, code: 'CONFLICT', message })
      expect(await current()).toStrictEqual(made[1])
      expect(await versions()).toHaveLength(2)
    })

    it('holds to the version in ifMatch', async () => {
      const { made, versions, revert } = await changedBy({ description: 'two' })
      const refused = { status: 412, code: 'PRECONDITION_FAILED', message: stale.text }
      for (const version of [1, 2]) {
        expect(await revert({ version, ifMatch: made[0].updatedAt })).toMatchObject(refused)
      }
      expect(await versions()).toHaveLength(2)
      const ifMatch = [made[0].updatedAt, made[1].updatedAt]
      expect(await revert({ version: 1, ifMatch })).toMatchObject({ status: 200, value: { version: 3 } })
    })
  })

  it('that are no numbers are refused', async () => {
    const { key, versions, revert } = await changedBy()
    const wrong = { status: 400, message: WHOLE, issues: [{ path: 'version', message: WHOLE }] }
    for (const version of [0, -1, 1.5, 2 ** 60]) {
      expect(await call('personas.get', { ...key, version })).toMatchObject(wrong)
      expect(await revert({ version })).toMatchObject(wrong)
    }
    for (const version of ['1', null, [1], {}, true]) expect(await revert({ version })).toMatchObject(wrong)
    expect(await revert({})).toMatchObject({ status: 400, issues: [{ path: 'version' }] })
    expect(await call('personas.get', { ...key, version: 'abc' })).toMatchObject(wrong)
    expect(await versions()).toHaveLength(1)
  })

  it('that are not there are not found', async () => {
    const { key, revert } = await changedBy()
    const missing = { status: 404, code: 'NOT_FOUND', message: versionNotFound.text }
    expect(await call('personas.get', { ...key, version: 999 })).toMatchObject(missing)
    expect(await revert({ version: 999 })).toMatchObject(missing)
    const nobody = { ...key, id: NOBODY, version: 1 }
    for (const procedure of ['personas.get', 'personas.revert', 'personas.versions']) {
      expect(await call(procedure, nobody)).toMatchObject({ status: 404, message: personaNotFound.text })
    }
  })

  it('of a persona are there once each, and in the order of its changes, after 50 reverts and updates at once', async () => {
    const { made, key, versions, revert } = await changedBy({ description: 'two', headers: { 'X-A': '1' } })
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0
          ? revert({ version: 1 + (n % 4) / 2 })
          : call('personas.update', { ...key, tags: [`t${n}`] }),
      ),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(Array(50).fill(200))
    const found = await versions()
    expect(found.map(({ version }) => version)).toEqual(Array.from(found, (_, at) => found.length - at))
    expect(found.length).toBeGreaterThan(25)
    const shown = new Map(
      [...made, ...outcomes.map(({ value }) => value)].map((each) => [each.version, each]),
    )
    for (const { version, updatedAt, changed, revertedFrom } of found) {
      const content = (await call('personas.get', { ...key, version })).value
      expect(content.updatedAt).toBe(updatedAt)
      // What each call was answered is what its version holds.
      expect(shown.get(version)).toStrictEqual(content)
      expect(changed.length > 0).toBe(version > 1)
      if (revertedFrom === undefined) continue
      const old = made[revertedFrom - 1]
      expect([content.description, content.headers, content.tags]).toEqual([
        old.description,
        old.headers,
        old.tags,
      ])
    }
  })
})

onEveryStore('pages of versions', (service) => {
  async function withVersions(count: number) {
    const projectId = newProjectId()
    const { client } = service()
    const { id } = await client.personas.create.mutate({ projectId, name: 'n' })
    for (let n = 1; n < count; n += 1)
      await client.personas.update.mutate({ projectId, id, description: `${n}` })
    return { projectId, id, path: `/api/projects/${projectId}/personas/${id}` }
  }

  it('show every version once, by Link in REST and nextCursor in tRPC, while others are made', async () => {
    const { projectId, id, path } = await withVersions(7)
    const { client } = service()
    const seen: number[] = []
    for (let next: string | undefined = `${path}/versions?limit=3`; next !== undefined; ) {
      const response = await service().send(next)
      seen.push(...((await response.json()) as PersonaVersion[]).map(({ version }) => version))
      await client.personas.update.mutate({ projectId, id, description: next })
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1])
    const pages: number[][] = []
    for (let cursor: string | undefined; ; ) {
      const page = await client.personas.versionsPage.query({ projectId, id, limit: 5, cursor })
      pages.push(page.items.map(({ version }) => version))
      cursor = page.nextCursor
      if (cursor === undefined) break
    }
    expect(pages).toEqual([
      [10, 9, 8, 7, 6],
      [5, 4, 3, 2, 1],
    ])
  })

  it('take the limits and cursors of lists, and no other', async () => {
    const { projectId, id, path } = await withVersions(2)
    const list = await service().client.personas.page.query({ projectId, limit: 1 })
    await service().client.personas.create.mutate({ projectId, name: 'other' })
    const { nextCursor } = await service().client.personas.page.query({ projectId, limit: 1 })
    expect(list.nextCursor).toBeUndefined()
    for (const cursor of ['', 'x', '0', '-1', '1.5', '01', '1e3', ' 1', '9'.repeat(20), String(nextCursor)]) {
      const response = await service().send(`${path}/versions?cursor=${encodeURIComponent(cursor)}`)
      const issues = [{ path: 'cursor', message: badCursor.text }]
      expect([response.status, await response.json()]).toMatchObject([400, { issues }])
      const refused = service().client.personas.versionsPage.query({ projectId, id, cursor })
      await expect(refused).rejects.toMatchObject({ data: { httpStatus: 400, issues } })
    }
    const own = await service().client.personas.versionsPage.query({ projectId, id, limit: 1 })
    const elsewhere = (await withVersions(2)).path
    for (const [target, status] of [
      [path, 200],
      [elsewhere, 400],
    ]) {
      expect((await service().send(`${target}/versions?cursor=${own.nextCursor}`)).status).toBe(status)
    }
    for (const limit of ['0', '501', '1.5', 'abc']) {
      expect((await service().send(`${path}/versions?limit=${limit}`)).status).toBe(400)
    }
  })

  it('of one version have its entity tag, and are not sent again to who has it', async () => {
    const { path } = await withVersions(3)
    const versions = (await (await service().send(`${path}/versions`)).json()) as PersonaVersion[]
    for (const { version, updatedAt } of versions) {
      const url = `${path}?version=${version}`
      const response = await service().send(url)
      expect(response.headers.get('etag')).toBe(`"${updatedAt}"`)
      const again = await service().send(url, { headers: { 'If-None-Match': `"${updatedAt}"` } })
      expect([again.status, await again.text()]).toEqual([304, ''])
    }
  })
})

describe.each(databases)('VERSIONS_KEPT on $name', (database) => {
  it('is how many versions of a persona there are at most, the oldest going first', async () => {
    const service = await startService(database, { env: { VERSIONS_KEPT: '2' } })
    try {
      const projectId = newProjectId()
      const { id } = await service.client.personas.create.mutate({ projectId, name: 'n' })
      for (const description of ['a', 'b', 'c']) {
        await service.client.personas.update.mutate({ projectId, id, description })
      }
      const versions = await service.client.personas.versions.query({ projectId, id })
      expect(versions.map(({ version }) => version)).toEqual([4, 3])
      const dropped = { projectId, id, version: 2 }
      expect(await service.rest.call('personas.get', dropped)).toMatchObject({
        status: 404,
        message: versionNotFound.text,
      })
      expect(await service.trpc.call('personas.revert', dropped)).toMatchObject({ status: 404 })
      const reverted = await service.client.personas.revert.mutate({ projectId, id, version: 3 })
      expect(reverted).toMatchObject({ version: 5, description: 'b' })
    } finally {
      await service.close()
    }
  })
})
