import type { Document, FindCursor } from 'mongodb'
import { recordExists } from '../../errors/store.js'
import { FIRST_VERSION } from '../../personas/change.js'
import type { PersonaRecord, RecordSequence, Transfer } from '../transfer.js'
import { type Collections, isDuplicate, ORDER_INDEX } from './collections.js'
import { toImage } from './images.js'
import { continueBehind, nextOrderKey, type Place, placeBehind } from './order.js'
import {
  type PersonaDocument,
  toDocument,
  toOrigin,
  toPersona,
  toVersionDocument,
  type VersionDocument,
} from './persona-document.js'
import { newestPlace } from './personas.js'
import { toProject } from './projects.js'
import { timeoutFor, withTimeout } from './timeout.js'

/** The server ends an answer at 16 MB, whatever the number of documents. */
const ANSWER_BYTES = 16 * 1024 * 1024

interface Reading<D, T> {
  estimate(): Promise<number>
  find(): FindCursor<D>
  /** Those of some documents that are records; all, where it is absent. */
  only?(documents: D[]): Promise<D[]>
  toRecord(document: D): T
}

async function* read<D extends Document, T>({ find, only = async (all) => all, toRecord }: Reading<D, T>) {
  const found = find()
  try {
    while (await withTimeout(() => found.hasNext(), timeoutFor({ length: ANSWER_BYTES }))) {
      for (const document of await only(found.readBufferedDocuments())) yield toRecord(document)
    }
  } finally {
    await found.close()
  }
}

function sequence<D extends Document, T>(
  reading: Reading<D, T>,
  append: (records: readonly T[]) => Promise<unknown>,
): RecordSequence<T> {
  return {
    estimate: () => withTimeout(reading.estimate),
    read: () => read(reading),
    async append(records) {
      if (records.length === 0) return
      try {
        await withTimeout(() => append(records), timeoutFor({ length: ANSWER_BYTES }))
      } catch (error) {
        if (!isDuplicate(error)) throw error
        throw recordExists({ cause: error })
      }
    },
  }
}

function toPersonaRecord(document: PersonaDocument | VersionDocument): PersonaRecord {
  const record = { projectId: document.projectId, persona: toPersona(document) }
  const origin = toOrigin(document)
  return origin.changed.length === 0 ? record : { ...record, origin }
}

/** Documents whose owners are looked up in one statement. */
const OWNERS = 100

/** Those of some documents that are history: each is below the current version of a persona that is there. */
async function ofHistory(personas: Collections['personas'], documents: VersionDocument[]) {
  const owners = new Map(documents.map(({ projectId, id }) => [id + projectId, { projectId, id }]))
  const found = personas.find(
    { $or: [...owners.values()] },
    { projection: { projectId: 1, id: 1, version: 1 } },
  )
  const current = new Map<string, number>()
  for (const { projectId, id, version } of await withTimeout(() => found.toArray())) {
    current.set(id + projectId, version ?? FIRST_VERSION)
  }
  return documents.filter(({ projectId, id, version }) => version < (current.get(id + projectId) ?? 0))
}

/** Everything in the database, for a move to another store or from one. */
export function mongoTransfer({ projects, images, versions, personas }: Collections): Transfer {
  return {
    projects: sequence(
      {
        estimate: () => projects.estimatedDocumentCount(),
        find: () => projects.find().sort({ order: 1 }),
        toRecord: (document) => ({ ...toProject(document), createdAt: document.createdAt.getTime() }),
      },
      async (records) => {
        const last = await projects.findOne({}, { projection: { order: 1 }, sort: { order: -1 } })
        if (last !== null) continueBehind(last.order)
        const documents = records.map(({ id, createdAt, ...fields }) => {
          const at = new Date(createdAt)
          return { _id: id, order: nextOrderKey(), ...fields, createdAt: at, updatedAt: at }
        })
        await projects.insertMany(documents)
      },
    ),
    images: sequence(
      {
        estimate: () => images.estimatedDocumentCount(),
        find: () => images.find().sort({ _id: 1 }),
        toRecord: (document) => ({ projectId: document.projectId, ...toImage(document) }),
      },
      async (records) => {
        const last = await images.findOne({}, { projection: { _id: 1 }, sort: { _id: -1 } })
        if (last !== null) continueBehind(last._id)
        await images.insertMany(records.map((image) => ({ _id: nextOrderKey(), ...image })))
      },
    ),
    versions: sequence<VersionDocument, PersonaRecord>(
      {
        estimate: () => versions.estimatedDocumentCount(),
        find: () => versions.find().sort({ projectId: 1, id: 1, version: 1 }).batchSize(OWNERS),
        only: (documents) => ofHistory(personas, documents),
        toRecord: toPersonaRecord,
      },
      (records) => versions.insertMany(records.map((record) => toVersionDocument(record, nextOrderKey()))),
    ),
    personas: sequence(
      {
        estimate: () => personas.estimatedDocumentCount(),
        find: () => personas.find().sort({ projectId: 1, createdAt: 1, _id: 1 }).hint(ORDER_INDEX),
        toRecord: toPersonaRecord,
      },
      async (records) => {
        const newest = new Map<string, Place | null>()
        const documents: PersonaDocument[] = []
        for (const record of records) {
          const { projectId, persona } = record
          const before = newest.get(projectId) ?? (await newestPlace(personas, projectId))
          const place = placeBehind(before, Date.parse(persona.createdAt))
          newest.set(projectId, place)
          documents.push(toDocument(record, place))
        }
        await personas.insertMany(documents)
      },
    ),
  }
}
