import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherProject, unauthorized } from '../../src/errors/access.js'
import { personaNotFound } from '../../src/errors/personas.js'
import { plain } from '../images/pictures.js'
import { databases, newProjectId, type Running } from '../support/helper.js'
import {
  bearer,
  EMPTY,
  EMPTY_BOUND,
  GENERAL,
  type KeyHolders,
  keyHolders,
  MINE,
  OTHER,
} from './key-holders.js'

// Every operation in a project, with inputs that are fine but for the project.
const operations: [procedure: string, input: Record<string, unknown>][] = [
  ['personas.list', {}],
  ['personas.create', { name: 'n' }],
  ['personas.get', { id: '12345678' }],
  ['personas.update', { id: '12345678', description: 'd' }],
  ['personas.delete', { id: '12345678' }],
  ['personas.generateImage', { id: '12345678' }],
  ['personas.mergeHeaders', { id: '12345678', headers: {} }],
  ['projects.getConfig', {}],
  ['projects.updateConfig', { name: 'n' }],
  ['projects.delete', {}],
  ['images.upload', { imageBase64: 'AAAA', role: 'upload' }],
  ['images.list', {}],
  ['images.delete', { imageId: 'x.png' }],
]

describe.each(databases)('access on $name', (database) => {
  let holders: KeyHolders
  let hidden: string
  beforeAll(async () => {
    holders = await keyHolders(database)
    const { client } = holders.general
    hidden = (await client.personas.create.mutate({ projectId: OTHER, name: 'hidden' })).id
    await client.projects.updateConfig.mutate({ projectId: OTHER, name: 'Other' })
    await client.projects.updateConfig.mutate({ projectId: MINE, name: 'Mine' })
  })
  afterAll(() => holders.close())

  describe.each(['rest', 'trpc'] as const)('through %s', (kind) => {
    it.each(operations)('%s needs a valid key', async (procedure, input) => {
      for (const holder of [holders.nobody, holders.wrong]) {
        const outcome = await holder[kind].call(procedure, { projectId: MINE, ...input })
        expect(outcome).toMatchObject({ status: 401, code: 'UNAUTHORIZED', message: unauthorized.text })
      }
    })

    it.each(operations)('%s is refused in another project, there or not', async (procedure, input) => {
      const errors = new Set<string>()
      const projects = [OTHER, newProjectId(), `${MINE}x`, MINE.slice(0, -1), MINE.toUpperCase(), ` ${MINE}`]
      for (const projectId of projects) {
        const outcome = await holders.bound[kind].call(procedure, { projectId, ...input })
        expect(outcome).toMatchObject({ status: 403, code: 'FORBIDDEN', message: otherProject.text })
        const { headers: _, ...body } = outcome
        errors.add(JSON.stringify({ ...body, requestId: 'any' }))
      }
      // Word for word the same, so that it does not give away one that exists.
      expect(errors.size).toBe(1)
    })

    it('personas of another project are not found under the own one, by id or prefix', async () => {
      for (const id of [hidden, hidden.slice(0, 8)]) {
        for (const procedure of ['personas.get', 'personas.delete', 'personas.generateImage']) {
          const outcome = await holders.bound[kind].call(procedure, { projectId: MINE, id })
          expect(outcome).toMatchObject({ status: 404, message: personaNotFound.text })
        }
      }
    })

    it('a general key reaches every project, a bound one its own', async () => {
      for (const projectId of [MINE, OTHER]) {
        expect((await holders.general[kind].call('personas.list', { projectId })).status).toBe(200)
      }
      expect((await holders.bound[kind].call('personas.list', { projectId: MINE })).status).toBe(200)
      expect((await holders.other[kind].call('personas.get', { projectId: OTHER, id: hidden })).status).toBe(
        200,
      )
    })

    it('a bound key lists its own project and creates none', async () => {
      const listed = await holders.bound[kind].call('projects.list', {})
      expect(listed).toMatchObject({ status: 200, value: [{ id: MINE, name: 'Mine' }] })
      expect(await holders.bound[kind].call('projects.create', { name: 'n' })).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
      })
      const all = await holders.general[kind].call('projects.list', {})
      expect(all.value).toHaveLength(2)
      // Nothing is stored there yet, or any more.
      const { client } = holders.nobody.as(bearer(EMPTY_BOUND))
      expect(await client.projects.list.query()).toEqual([])
      const { id } = await client.personas.create.mutate({ projectId: EMPTY, name: 'n' })
      expect(await client.projects.list.query()).toEqual([{ id: EMPTY, name: EMPTY }])
      await client.personas.delete.mutate({ projectId: EMPTY, id })
      expect(await client.projects.list.query()).toEqual([])
      for (const procedure of ['projects.list', 'projects.create']) {
        expect((await holders.nobody[kind].call(procedure, { name: 'n' })).status).toBe(401)
      }
    })
  })

  it('each call of a tRPC batch is judged on its own', async () => {
    const input = [MINE, OTHER, newProjectId(), MINE].map((projectId, at) => [at, { projectId }])
    const query = encodeURIComponent(JSON.stringify(Object.fromEntries(input)))
    const calls = 'personas.list,personas.list,projects.getConfig,projects.list'
    const response = await holders.bound.send(`/trpc/${calls}?batch=1&input=${query}`)
    expect(response.status).toBe(207)
    const answers = (await response.json()) as { error?: { data: { httpStatus: number } } }[]
    expect(answers.map(({ error }) => error?.data.httpStatus)).toEqual([undefined, 403, 403, undefined])
    const deletions = await holders.bound.send('/trpc/personas.create,projects.delete?batch=1', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ 0: { projectId: MINE, name: 'batched' }, 1: { projectId: OTHER } }),
    })
    expect(deletions.status).toBe(207)
    expect((await holders.other.rest.call('personas.list', { projectId: OTHER })).value).toHaveLength(1)
  })

  it('the project of the path counts, whatever the body or the query names', async () => {
    const json = { 'Content-Type': 'application/json' }
    const body = JSON.stringify({ projectId: MINE, name: 'n' })
    const path = `/api/projects/${OTHER}/personas?projectId=${encodeURIComponent(MINE)}`
    const elsewhere = await holders.bound.send(path, { method: 'POST', headers: json, body })
    expect(elsewhere.status).toBe(403)
    const own = `/api/projects/${encodeURIComponent(MINE)}/personas`
    const turned = JSON.stringify({ projectId: OTHER, name: 'stays-here' })
    expect((await holders.bound.send(own, { method: 'POST', headers: json, body: turned })).status).toBe(201)
    const names = (await holders.general.client.personas.list.query({ projectId: OTHER })).map(
      ({ name }) => name,
    )
    expect(names).toEqual(['hidden'])
  })

  it('a file is taken with a key of its project alone', async () => {
    const picture = await plain(8, 8).png().toBuffer()
    const send = (holder: Running, projectId: string) =>
      holder.send(`/api/projects/${encodeURIComponent(projectId)}/images/file?role=upload`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
        body: picture,
      })
    for (const holder of [holders.nobody, holders.wrong]) expect((await send(holder, MINE)).status).toBe(401)
    const refused = await send(holders.bound, OTHER)
    expect([refused.status, await refused.json()]).toMatchObject([403, { message: otherProject.text }])
    for (const holder of [holders.bound, holders.general]) expect((await send(holder, MINE)).status).toBe(201)
  })

  it('images of another project are 403, and 404 under the own one', async () => {
    const json = { 'Content-Type': 'application/json', ...bearer(GENERAL) }
    const imageBase64 =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const uploaded = await holders.general.send(`/api/projects/${OTHER}/images`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ imageBase64, role: 'upload' }),
    })
    const { id } = (await uploaded.json()) as { id: string }
    const own = encodeURIComponent(MINE)
    expect((await holders.bound.send(`/api/projects/${OTHER}/images/${id}`)).status).toBe(403)
    for (const spelled of [
      id,
      `..%2f${OTHER}%2f${id}`,
      `..%2F..%2F${OTHER}%2Fimages%2F${id}`,
      `%2e%2e%2f${id}`,
      `${id}%00`,
    ]) {
      expect((await holders.bound.send(`/api/projects/${own}/images/${spelled}`)).status).toBe(404)
    }
  })
})
