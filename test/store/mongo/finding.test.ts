import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { Persona } from '../../../src/personas/schema.js'
import { openMongoStore } from '../../../src/store/mongo/mongo.js'
import type { Store } from '../../../src/store/store.js'
import { found } from '../contract-finding.js'
import { insert, range, T0 } from '../samples.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const url = freshMongoUrl(mongo.url)
const client = new MongoClient(url)
const personas = client.db().collection('personas')
let store: Store

beforeAll(async () => {
  await client.connect()
  store = await openMongoStore(url)
})
afterAll(async () => {
  await store.close()
  await client.close()
})

/** Makes documents as earlier versions stored them. */
async function forgetSearch(projectId: string) {
  await personas.updateMany({ projectId }, { $unset: { search: '', tagKeys: '' } })
}

const without = (projectId: string) => personas.countDocuments({ projectId, search: { $exists: false } })

it('finds documents of earlier versions, which are given what they are found by at the first search', async () => {
  const made: Persona[] = []
  for (const n of range(12))
    made.push(await insert(store, 'old', { name: `n ${n}`, description: n % 2 ? 'Ódd' : 'even' }))
  await forgetSearch('old')
  const before = await personas.find({ projectId: 'old' }).toArray()
  expect(await found(store, 'old', { sort: '-name', limit: 5 })).toHaveLength(12)
  expect(await without('old')).toBe(12)

  const odd = made.filter((_, n) => n % 2 === 1)
  expect(await found(store, 'old', { q: 'ODD', limit: 4 })).toEqual(odd)
  expect(await without('old')).toBe(0)
  // Nothing else of them has changed.
  const after = (await personas.find({ projectId: 'old' }).toArray()).map(
    ({ search: _, tagKeys: __, ...rest }) => rest,
  )
  expect(after).toEqual(before)
})

it('gives a document of an earlier version what it is found by when it changes', async () => {
  const { id } = await insert(store, 'changed', { name: 'before' })
  await forgetSearch('changed')
  await store.updatePersona('changed', id, { systemPrompt: 'other', now: T0 + 1 })
  expect(await personas.findOne({ projectId: 'changed' })).toMatchObject({ search: 'before', tagKeys: [] })
})
