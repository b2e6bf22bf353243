import type { Document, FindCursor } from 'mongodb'
import { recordExists } from '../../errors/store.js'
import type { RecordSequence, Transfer } from '../transfer.js'
import { answer, patienceFor } from './answer.js'
import { type Collections, isDuplicate, ORDER_INDEX } from './collections.js'
import { toImage } from './images.js'
import { continueBehind, nextOrderKey, type Place, placeBehind } from './order.js'
import { type PersonaDocument, toDocument, toPersona } from './persona-document.js'
import { newestPlace } from './personas.js'
import { toProject } from './projects.js'

/** The server ends an answer at 16 MB, whatever the number of documents. */
const ANSWER_BYTES = 16 * 1024 * 1024

interface Reading<D, T> {
  estimate(): Promise<number>
  find(): FindCursor<D>
  toRecord(document: D): T
}

async function* read<D extends Document, T>({ find, toRecord }: Reading<D, T>) {
  const found = find()
  try {
    while (await answer(() => found.hasNext(), patienceFor({ length: ANSWER_BYTES }))) {
      for (const document of found.readBufferedDocuments()) yield toRecord(document)
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
    estimate: () => answer(reading.estimate),
    read: () => read(reading),
    async append(records) {
      if (records.length === 0) return
      try {
        await answer(() => append(records), patienceFor({ length: ANSWER_BYTES }))
      } catch (error) {
        if (!isDuplicate(error)) throw error
        throw recordExists({ cause: error })
      }
    },
  }
}

/** Everything in the database, for a move to another store or from one. */
export function mongoTransfer({ projects, images, personas }: Collections): Transfer {
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
    personas: sequence(
      {
        estimate: () => personas.estimatedDocumentCount(),
        find: () => personas.find().sort({ projectId: 1, createdAt: 1, _id: 1 }).hint(ORDER_INDEX),
        toRecord: (document) => ({ projectId: document.projectId, persona: toPersona(document) }),
      },
      async (records) => {
        const newest = new Map<string, Place | null>()
        const documents: PersonaDocument[] = []
        for (const { projectId, persona } of records) {
          const before = newest.get(projectId) ?? (await newestPlace(personas, projectId))
          const place = placeBehind(before, Date.parse(persona.createdAt))
          newest.set(projectId, place)
          documents.push(toDocument(projectId, persona, place))
        }
        await personas.insertMany(documents)
      },
    ),
  }
}
