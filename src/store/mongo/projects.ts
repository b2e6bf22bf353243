import { type Collection, type Filter, MongoServerError } from 'mongodb'
import { type ImageRole, imageRoles } from '../../images/schema.js'
import { jsonPage } from '../../lists.js'
import { MODEL_USES } from '../../projects/schema.js'
import { isKeyFault, keyAfter, modelsOf, projectOf } from '../project-settings.js'
import type { KeyFault, ProjectChange, Store, StoredProject } from '../store.js'
import {
  type Collections,
  IMAGE_ORDER,
  isDuplicate,
  PERSONA_ORDER,
  type ProjectDocument,
} from './collections.js'
import { nextOrderKey } from './order.js'
import { PORTRAIT, type Portraits } from './portraits.js'
import { withTimeout } from './timeout.js'
import type { Histories } from './versions.js'

/** Documents that one statement deletes, so that each is done in time however large the project. */
const DELETED_AT_ONCE = 100

const NOT_PORTRAITS = imageRoles.filter((role) => role !== PORTRAIT)

interface ProjectUpdate {
  id: string
  change: ProjectChange
  now: number
}

/** What personas leave behind that go with their project. */
interface Leftovers {
  portraits: Pick<Portraits, 'removeUnused'>
  histories: Pick<Histories, 'noteRemoval' | 'removeOrphans'>
}

/** A project as callers of the store see it. */
export function toProject(document: ProjectDocument): StoredProject {
  const project = projectOf(document._id, document)
  if (document.llmSettings === undefined) return project
  const { provider, models: kept, apiKey } = document.llmSettings
  const models = modelsOf(kept)
  return { ...project, llmSettings: { provider, ...(models !== undefined && { models }), apiKey } }
}

/**
 * What a change sets and removes (`null`), by path. Models have paths of their own, so that simultaneous
 * changes of two of them both stay.
 */
function fieldsOf({ llmSettings, ...settings }: ProjectChange): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...settings }
  if (!llmSettings) return { ...fields, llmSettings }
  fields['llmSettings.provider'] = llmSettings.provider
  const { models } = llmSettings
  if (models === null) fields['llmSettings.models'] = null
  else for (const use of MODEL_USES) fields[`llmSettings.models.${use}`] = models?.[use]
  return fields
}

function statementOf(fields: Record<string, unknown>, { now, id }: { now: number; id: string }) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  const set = Object.fromEntries(entries.filter(([, value]) => value !== null))
  const removed = entries.filter(([, value]) => value === null).map(([path]) => [path, ''])
  return {
    $set: { ...set, updatedAt: new Date(now) },
    $setOnInsert: { ...registration(now), ...(fields.name === undefined ? { name: id } : {}) },
    // Some servers refuse an empty one.
    ...(removed.length > 0 && { $unset: Object.fromEntries(removed) }),
  }
}

function registration(now: number) {
  return { order: nextOrderKey(), createdAt: new Date(now) }
}

interface OwnedFilter {
  projectId: string
  role?: { $in: ImageRole[] }
}

/** What the collections of a project's belongings have in common. */
interface Owned {
  find(
    filter: OwnedFilter,
    options: { projection: { _id: 1 } },
  ): { limit(count: number): { toArray(): Promise<{ _id: string }[]> } }
  deleteMany(filter: OwnedFilter & { _id: { $in: string[] } }): Promise<unknown>
}

async function deleteAll(owned: Owned, filter: OwnedFilter) {
  for (let deleted = false; ; deleted = true) {
    const found = owned.find(filter, { projection: { _id: 1 } }).limit(DELETED_AT_ONCE)
    const keys = (await withTimeout(() => found.toArray())).map(({ _id }) => _id)
    if (keys.length === 0) return deleted
    await withTimeout(() => owned.deleteMany({ ...filter, _id: { $in: keys } }))
  }
}

/** The key (\`nextOrderKey\`) of the earliest thing of a kind in a project, by the project's id. */
interface Earliest {
  _id: string
  place: string
}

/** Code of the error with which servers that speak MongoDB's protocol refuse what they do not have. */
const NOT_IMPLEMENTED = 238

interface Placed {
  _id: string
  projectId: string
}

/**
 * The earliest document of each project. MongoDB answers a sort by an index and the first of each group with one
 * look into the index for each (DISTINCT_SCAN), however many documents there are.
 */
async function earliestOf<T extends Placed>(
  owned: Collection<T>,
  filter: { projectId?: string },
  order: Record<string, 1>,
): Promise<Earliest[]> {
  const first = { $group: { _id: '$projectId', place: { $first: '$_id' } } }
  const groups = owned.aggregate<Earliest>([{ $match: filter }, { $sort: order }, first])
  try {
    return await withTimeout(() => groups.toArray())
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== NOT_IMPLEMENTED) throw error
  }
  // FerretDB has no $first: a look for each project.
  const all: Earliest[] = []
  for (const id of await withTimeout(() => owned.distinct('projectId', filter as Filter<T>))) {
    const wanted = { projectId: id } as Filter<T>
    const found = await withTimeout(() => owned.findOne(wanted, { sort: order, projection: { _id: 1 } }))
    if (found !== null) all.push({ _id: String(id), place: String(found._id) })
  }
  return all
}

/** Projects with their names, the one with the earliest place first. */
function inOrder(all: Earliest[], named: { _id: string; name: string }[]) {
  const names = new Map(named.map(({ _id, name }) => [_id, name]))
  const places = new Map<string, string>()
  for (const { _id, place } of all) {
    const known = places.get(_id)
    if (known === undefined || place < known) places.set(_id, place)
  }
  const sorted = [...places].sort(([a, at], [b, other]) => (at < other || (at === other && a < b) ? -1 : 1))
  return sorted.map(([id]) => ({ id, name: names.get(id) ?? id }))
}

type ProjectMethods = Pick<
  Store,
  'listProjects' | 'findProject' | 'insertProject' | 'updateProject' | 'deleteProject' | 'listSealedKeys'
>

/** Registered projects and their settings. */
export function mongoProjects(
  { projects, personas, images }: Collections,
  { portraits, histories }: Leftovers,
): ProjectMethods {
  /** Undefined where the stored key changed between the reading of it and the change: decide again. */
  async function update({ id, change, now }: ProjectUpdate): Promise<StoredProject | KeyFault | undefined> {
    const { llmSettings } = change
    const fields = fieldsOf(change)
    let filter: Filter<ProjectDocument> = { _id: id }
    let upsert = true
    if (llmSettings) {
      const stored = (await projects.findOne({ _id: id }))?.llmSettings
      const apiKey = keyAfter(stored, llmSettings)
      if (isKeyFault(apiKey)) return apiKey
      if (apiKey === stored?.apiKey) {
        const kept = { 'llmSettings.provider': stored.provider, 'llmSettings.apiKey.mask': apiKey.mask }
        filter = { _id: id, ...kept }
        upsert = false
      } else {
        fields['llmSettings.apiKey'] = apiKey
        // Does not match, and so fails as a duplicate, should the key to be kept have come in between.
        filter = { _id: id, 'llmSettings.apiKey.mask': { $ne: llmSettings.apiKey?.keepIfMask } }
      }
    }
    const options = { upsert, returnDocument: 'after' as const }
    const document = await projects.findOneAndUpdate(filter, statementOf(fields, { now, id }), options)
    return document === null ? undefined : toProject(document)
  }

  return {
    async listProjects(id) {
      const registered = projects.find(id === undefined ? {} : { _id: id }, {
        projection: { name: 1, order: 1 },
      })
      const owned = id === undefined ? {} : { projectId: id }
      const [named, ...earliest] = await Promise.all([
        withTimeout(() => registered.toArray()),
        earliestOf(personas, owned, PERSONA_ORDER),
        earliestOf(images, owned, IMAGE_ORDER),
      ])
      return jsonPage(
        inOrder([...named.map(({ _id, order }) => ({ _id, place: order })), ...earliest.flat()], named),
      )
    },

    async findProject(id) {
      const document = await withTimeout(() => projects.findOne({ _id: id }))
      return document && toProject(document)
    },

    async insertProject({ id, name }, now) {
      const document = { _id: id, name, ...registration(now), updatedAt: new Date(now) }
      await withTimeout(() => projects.insertOne(document))
    },

    updateProject(id, change, now) {
      return withTimeout(async (signal) => {
        for (;;) {
          signal.throwIfAborted()
          try {
            const updated = await update({ id, change, now })
            if (updated !== undefined) return updated
          } catch (error) {
            // Another writer registered the project, or stored the very key, in between: decide again.
            if (!isDuplicate(error)) throw error
          }
        }
      })
    },

    async deleteProject(id) {
      await histories.noteRemoval(id)
      const hadPersonas = await deleteAll(personas, { projectId: id })
      await histories.removeOrphans(id)
      const hadImages = await deleteAll(images, { projectId: id, role: { $in: NOT_PORTRAITS } })
      // Behind the personas, and not all of them: one that came in meanwhile keeps its portrait.
      const hadPortraits = await portraits.removeUnused(id)
      // The settings last, so that it keeps its name while anything of it is there.
      const { deletedCount } = await withTimeout(() => projects.deleteOne({ _id: id }))
      return hadPersonas || hadImages || hadPortraits || deletedCount === 1
    },

    async listSealedKeys() {
      const withKey = { 'llmSettings.apiKey': { $exists: true } }
      const found = projects.find(withKey, { projection: { 'llmSettings.apiKey.ciphertext': 1 } })
      const documents = await withTimeout(() => found.toArray())
      return documents.flatMap(({ _id, llmSettings }) =>
        llmSettings === undefined ? [] : [{ projectId: _id, ciphertext: llmSettings.apiKey.ciphertext }],
      )
    },
  }
}
