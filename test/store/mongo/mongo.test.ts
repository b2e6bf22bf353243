import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { connectMongo } from '../../../src/store/mongo/connection.js'
import { openMongoStore } from '../../../src/store/mongo/mongo.js'
import type { StoreOptions } from '../../../src/store/store.js'
import { storeContract } from '../contract.js'
import { insert, listOf, newPersona, T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const url = freshMongoUrl(mongo.url)

const open = async (options?: StoreOptions) => {
  const store = await openMongoStore(freshMongoUrl(mongo.url), options)
  return { store, close: store.close }
}
storeContract(`MongoDB (${mongo.kind})`, open, mongo.lacks)

const client = new MongoClient(url)
const db = client.db()
beforeAll(async () => {
  await (await openMongoStore(url)).close()
})
afterAll(() => client.close())

describe('indexes', () => {
  const indexesOf = async (collection: string) =>
    Object.fromEntries(
      (await db.collection(collection).indexes()).map(({ name, key, unique }) => [
        name,
        `${Object.keys(key)}${unique && name !== '_id_' ? ' unique' : ''}`,
      ]),
    )

  it('serve every statement and hold names and ids unique in a project', async () => {
    expect(await indexesOf('personas')).toEqual({
      _id_: '_id',
      project_name: 'projectId,name unique',
      project_id: 'projectId,id unique',
      project_order: 'projectId,createdAt,_id',
      project_updated: 'projectId,updatedAt,_id',
      project_tag: 'projectId,tagKeys,createdAt,_id',
      project_image: 'projectId,imageUrl',
    })
    expect(await indexesOf('versions')).toEqual({
      _id_: '_id',
      project_id_version: 'projectId,id,version unique',
    })
    expect(await indexesOf('images')).toEqual({
      _id_: '_id',
      project_id: 'projectId,id unique',
      project_role_order: 'projectId,role,_id,id',
      project_order: 'projectId,_id',
    })
    expect(await indexesOf('projects')).toEqual({ _id_: '_id', order: 'order' })
    expect(await indexesOf('portraitChanges')).toEqual({ _id_: '_id', project_time: 'projectId,at' })
  })
})

describe.skipIf(mongo.lacks.includes('partial indexes'))('a database of an earlier version', () => {
  const project = randomUUID()
  const id = randomUUID()
  const headers = { 'X-B': '1', 'X-A': '2' }
  const earlierUrl = freshMongoUrl(mongo.url)
  const earlier = new MongoClient(earlierUrl)
  const personas = earlier.db().collection('personas')
  beforeAll(async () => {
    const partialFilterExpression = { imageUrl: { $exists: true } }
    await personas.createIndex(
      { projectId: 1, imageUrl: 1 },
      { name: 'project_image', partialFilterExpression },
    )
    await personas.insertOne({
      projectId: project,
      id,
      name: 'early',
      headers: Object.entries(headers),
      createdAt: new Date(T0),
      updatedAt: new Date(T0),
    })
  })
  afterAll(() => earlier.close())

  it('opens, reads right, and takes its own headers for no change', async () => {
    const store = await openMongoStore(earlierUrl)
    const at = new Date(T0).toISOString()
    const expected = { id, name: 'early', headers, version: 1, createdAt: at, updatedAt: at }
    const created = [{ version: 1, updatedAt: at, changed: [] }]
    expect(await store.listVersions(project, id, { limit: 5 })).toStrictEqual(created)
    expect(await store.findVersion(project, id, 1)).toStrictEqual(expected)
    expect(await listOf(store, project, { limit: 5 })).toMatchObject({ items: [expected] })
    expect(await store.findPersona(project, id)).toStrictEqual(expected)
    expect(await store.updatePersona(project, id, { headers, now: T0 + 5 })).toStrictEqual(expected)
    const changed = await store.updatePersona(project, id, { headers: { 'X-C': '3' }, now: T0 + 5 })
    expect(changed).toMatchObject({ headers: { 'X-C': '3' }, version: 2 })
    expect(await store.listVersions(project, id, { limit: 5 })).toMatchObject([{ version: 2 }, ...created])
    expect(await store.findVersion(project, id, 1)).toStrictEqual(expected)
    expect(await personas.findOne({ id })).toMatchObject({ headers: [{ k: 'X-C', v: '3' }] })
    await store.close()
  })
})

describe('connection', () => {
  it('goes to the database of the URL, else to personas, and is described without credentials', async () => {
    const [, server, database] = /^mongodb:\/\/(?:[^@]*@)?([^/]+)\/([^?]+)/.exec(url) ?? []
    const store = await openMongoStore(url)
    expect(store.description).toBe(`MongoDB at ${server}/${database}`)
    await store.close()
    const unnamed = await connectMongo(url.replace(`/${database}`, '/'))
    expect(unnamed.db.databaseName).toBe('personas')
    await unnamed.close()
  })

  it('keeps its guarantees whatever the URL asks for', async () => {
    const weak = `${url}${url.includes('?') ? '&' : '?'}w=0&journal=false&readPreference=secondaryPreferred`
    const { db, close } = await connectMongo(weak)
    expect(db.writeConcern).toMatchObject({ w: 'majority', journal: true })
    expect(db.readConcern?.level).toBe('majority')
    expect(db.readPreference?.mode).toBe('primary')
    await close()
  })

  it('closes twice without harm, and is unavailable then', async () => {
    const store = await openMongoStore(url)
    await store.close()
    await store.close()
    await expect(store.ping()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAfter: 5 })
  })

  it.each([
    'mongodb://me:s3cret@127.0.0.1:1/x',
    'mongodb://me:s3cret@localhost:1,127.0.0.1:2/x?replicaSet=rs',
    'mongodb://me:s3cret@h:1:3/x',
    'mongodb://me:s3c/s3cret@h/x',
    'mongodb://me:s3cret@h/x?s3cret=1',
    'http://me:s3cret@h/x',
    's3cret',
    '',
  ])('fails with one line without credentials: %s', async (wrong) => {
    const started = Date.now()
    const error = await openMongoStore(wrong).catch((error) => error)
    expect(error).toBeInstanceOf(Error)
    const hosts = /127\.0\.0\.1/.test(wrong)
      ? /^Cannot use MongoDB at .*127\.0\.0\.1:[12]\/x: .+$/
      : /^MONGODB_URL .+$/
    expect(error.message).toMatch(hosts)
    expect(error.message).not.toMatch(/s3c|me:/)
    expect(Date.now() - started).toBeLessThan(10_000)
  })
})

describe('several processes on one database', () => {
  it('keep one order of creation and one holder of a name', async () => {
    const [a, b] = await Promise.all([openMongoStore(url), openMongoStore(url)])
    const project = randomUUID()
    const ids: string[] = []
    for (const [i, store] of [a, b, b, a, b, a].entries()) {
      ids.push((await insert(store, project, {}, T0 - i * 1_000)).id)
    }
    expect(await listOf(a, project, { limit: 10 })).toMatchObject({ items: ids.map((id) => ({ id })) })
    const outcomes = await Promise.all(
      [a, b, a, b].map((store) => store.insertPersona(project, newPersona({ name: 'one' }), T0)),
    )
    expect(outcomes.filter((outcome) => outcome === 'name-taken')).toHaveLength(3)
    await Promise.all([a.close(), b.close()])
  })
})
