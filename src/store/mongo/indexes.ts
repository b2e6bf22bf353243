import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  type Collection,
  type IndexDescriptionInfo,
  MongoNetworkTimeoutError,
  MongoServerError,
} from 'mongodb'
import {
  type Collections,
  IMAGE_ORDER,
  NAME_INDEX,
  ORDER_INDEX,
  PERSONA_ORDER,
  TAG_INDEX,
  UPDATED_INDEX,
} from './collections.js'
import type { OfFields, PersonaDocument } from './persona-document.js'

/** Time between two looks at indexes that are being built, in ms. */
const LOOK_AGAIN_MS = 500

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const BAD_VALUE = 2
const NAMESPACE_NOT_FOUND = 26

/** An index over fields that the collection's documents have. */
type IndexOf<Document> = { name: string; key: OfFields<Document, 1>; unique?: true }
type Wanted = { name: string; key: Record<string, 1>; unique?: true }

type Indexed = Pick<Collection, 'collectionName' | 'indexes' | 'createIndexes'> & {
  find(filter: object, options: { hint: string; projection: { _id: 1 } }): { toArray(): Promise<unknown[]> }
}

function isServerError(error: unknown, code: number): boolean {
  return error instanceof MongoServerError && error.code === code
}

/** Whether an index is there as it is wanted; one of another key or uniqueness is for the server to refuse. */
function isSame(present: IndexDescriptionInfo, wanted: Wanted): boolean {
  const definition = ({ name, key, unique = false }: IndexDescriptionInfo | Wanted) => [
    name,
    Object.entries(key),
    unique,
  ]
  return isDeepStrictEqual(definition(present), definition(wanted))
}

/** Whether queries can use an index: one that is still being built is listed, but cannot be named in a query. */
async function isUsable(collection: Indexed, { name, key }: Wanted): Promise<boolean> {
  const [first = '_id'] = Object.keys(key)
  try {
    // The field is empty in no document: nothing is read.
    await collection.find({ [first]: '' }, { hint: name, projection: { _id: 1 } }).toArray()
    return true
  } catch (error) {
    if (isServerError(error, BAD_VALUE)) return false
    throw error
  }
}

/** Creates indexes; returns whether the answer came in time. */
async function isCreated(collection: Indexed, wanted: Wanted[]): Promise<boolean> {
  try {
    await collection.createIndexes(wanted)
    return true
  } catch (error) {
    if (error instanceof MongoNetworkTimeoutError) return false
    throw error
  }
}

/**
 * Creates those indexes that are not there (not every server takes one that is), and waits until all are built, by
 * whomever. That may take minutes, and the connection that asked for it is given up before: the server goes on. An
 * index whose building failed is listed no longer, and is created again.
 */
async function ensure(collection: Indexed, wanted: Wanted[], onWait: () => void): Promise<void> {
  for (let looks = 0; ; looks += 1) {
    const present: IndexDescriptionInfo[] = await collection.indexes().catch((error: unknown) => {
      // The collection is new.
      if (isServerError(error, NAMESPACE_NOT_FOUND)) return []
      throw error
    })
    const isPresent = (index: Wanted) => present.some((each) => isSame(each, index))
    const missing = wanted.filter((index) => !isPresent(index))
    const isAnswered = missing.length === 0 || (await isCreated(collection, missing))
    // A partial index cannot be named in a query that it does not cover.
    const partial = new Set(present.flatMap((each) => (each.partialFilterExpression ? [each.name] : [])))
    const listed = wanted.filter((index) => isPresent(index) && !partial.has(index.name))
    const usable = await Promise.all(listed.map((index) => isUsable(collection, index)))
    if (isAnswered && usable.every(Boolean)) return
    if (looks === 0) onWait()
    await sleep(LOOK_AGAIN_MS)
  }
}

/**
 * Creates the indexes that are not there yet, and waits until they can be used; `onWait` is told where that takes a
 * while. All but those of `projects` begin with `projectId`, so that the collections can be sharded by it. None has a
 * collation: names and ids compare byte by byte.
 */
export async function createIndexes(
  { personas, versions, projects, images, portraitChanges }: Collections,
  onWait: (what: string) => void = () => undefined,
): Promise<void> {
  const of = (collection: Indexed, wanted: Wanted[]) =>
    ensure(collection, wanted, () => onWait(`MongoDB builds indexes of ${collection.collectionName}`))
  await of(personas, [
    { name: NAME_INDEX, key: { projectId: 1, name: 1 }, unique: true },
    { name: 'project_id', key: { projectId: 1, id: 1 }, unique: true },
    { name: ORDER_INDEX, key: PERSONA_ORDER },
    { name: UPDATED_INDEX, key: { projectId: 1, updatedAt: 1, _id: 1 } },
    { name: TAG_INDEX, key: { projectId: 1, tagKeys: 1, createdAt: 1, _id: 1 } },
    // Partial in databases of earlier versions, where it serves as well.
    { name: 'project_image', key: { projectId: 1, imageUrl: 1 } },
  ] satisfies IndexOf<PersonaDocument>[])
  await of(versions, [{ name: 'project_id_version', key: { projectId: 1, id: 1, version: 1 }, unique: true }])
  await of(projects, [{ name: 'order', key: { order: 1 } }])
  await of(images, [
    { name: 'project_id', key: { projectId: 1, id: 1 }, unique: true },
    // Ends in the id so that lists of ids never load the bytes beside them.
    { name: 'project_role_order', key: { projectId: 1, role: 1, _id: 1, id: 1 } },
    { name: ORDER_INDEX, key: IMAGE_ORDER },
  ])
  await of(portraitChanges, [{ name: 'project_time', key: { projectId: 1, at: 1 } }])
}
