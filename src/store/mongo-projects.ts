import { type ImageRole, imageRoles } from '../images/schema.js'
import { answer } from './mongo-answer.js'
import { type Collections, isDuplicate, type ProjectDocument } from './mongo-collections.js'
import { nextOrderKey } from './mongo-order.js'
import { PORTRAIT, type Portraits } from './mongo-portraits.js'
import type { ProjectChange, Store, StoredProject } from './types.js'

/** Documents that one statement deletes, so that each is done in time however large the project. */
const DELETED_AT_ONCE = 100

const NOT_PORTRAITS = imageRoles.filter((role) => role !== PORTRAIT)

type LlmSettingsChange = NonNullable<ProjectChange['llmSettings']>

interface ProjectUpdate {
  id: string
  change: ProjectChange
  now: number
}

/** A project as callers of the store see it. */
export function toProject({ _id, name, llmSettings }: ProjectDocument): StoredProject {
  return { id: _id, name, ...(llmSettings === undefined ? {} : { llmSettings }) }
}

/** The settings but for the key. */
function openSettings({ provider, models }: LlmSettingsChange) {
  if (models === undefined) return { provider }
  return { provider, models: models.image === undefined ? {} : { image: models.image } }
}

function settingsOf({ llmSettings }: ProjectChange): Pick<ProjectDocument, 'llmSettings'> {
  if (!llmSettings?.apiKey) return {}
  const { ciphertext, mask } = llmSettings.apiKey
  return { llmSettings: { ...openSettings(llmSettings), apiKey: { ciphertext, mask } } }
}

function nameOf({ name }: ProjectChange) {
  return name === undefined ? {} : { name }
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
    const keys = (await answer(() => found.toArray())).map(({ _id }) => _id)
    if (keys.length === 0) return deleted
    await answer(() => owned.deleteMany({ ...filter, _id: { $in: keys } }))
  }
}

type ProjectMethods = Pick<
  Store,
  'listProjects' | 'findProject' | 'insertProject' | 'updateProject' | 'deleteProject' | 'listSealedKeys'
>

/** Registered projects and their settings. */
export function mongoProjects(
  { projects, personas, images }: Collections,
  portraits: Pick<Portraits, 'removeUnused'>,
): ProjectMethods {
  /** Changes all but the key where the wanted one is stored; null where it is not. */
  function keepKey({ id, change, now }: ProjectUpdate, settings: LlmSettingsChange) {
    const { provider, models } = openSettings(settings)
    const mask = settings.apiKey?.keepIfMask ?? { $exists: true }
    const fields = { ...nameOf(change), 'llmSettings.provider': provider, updatedAt: new Date(now) }
    return projects.findOneAndUpdate(
      { _id: id, 'llmSettings.apiKey.mask': mask },
      models === undefined
        ? { $set: fields, $unset: { 'llmSettings.models': '' } }
        : { $set: { ...fields, 'llmSettings.models': models } },
      { returnDocument: 'after' },
    )
  }

  async function update(given: ProjectUpdate): Promise<StoredProject | 'no-key'> {
    const { id, change, now } = given
    const { llmSettings } = change
    if (llmSettings) {
      const kept = await keepKey(given, llmSettings)
      if (kept !== null) return toProject(kept)
      if (llmSettings.apiKey === undefined) return 'no-key'
    }
    // Does not match, and so fails as a duplicate, should the key to be kept have come in between.
    const filter = llmSettings?.apiKey && {
      'llmSettings.apiKey.mask': { $ne: llmSettings.apiKey.keepIfMask },
    }
    const document = await projects.findOneAndUpdate(
      { _id: id, ...filter },
      {
        $set: { ...nameOf(change), ...settingsOf(change), updatedAt: new Date(now) },
        $setOnInsert: { ...registration(now), ...(change.name === undefined ? { name: id } : {}) },
        ...(llmSettings === null ? { $unset: { llmSettings: '' } } : {}),
      },
      { upsert: true, returnDocument: 'after' },
    )
    if (document === null) throw new Error('An upsert returned no document')
    return toProject(document)
  }

  return {
    async listProjects() {
      const found = projects.find({}, { projection: { name: 1 } }).sort({ order: 1 })
      return (await answer(() => found.toArray())).map(({ _id, name }) => ({ id: _id, name }))
    },

    async findProject(id) {
      const document = await answer(() => projects.findOne({ _id: id }))
      return document && toProject(document)
    },

    async insertProject({ id, name }, now) {
      const document = { _id: id, name, ...registration(now), updatedAt: new Date(now) }
      await answer(() => projects.insertOne(document))
    },

    updateProject(id, change, now) {
      return answer(async (signal) => {
        for (;;) {
          signal.throwIfAborted()
          try {
            return await update({ id, change, now })
          } catch (error) {
            // Another writer registered the project, or stored the very key, in between: decide anew.
            if (!isDuplicate(error)) throw error
          }
        }
      })
    },

    async deleteProject(id) {
      const hadPersonas = await deleteAll(personas, { projectId: id })
      const hadImages = await deleteAll(images, { projectId: id, role: { $in: NOT_PORTRAITS } })
      // Behind the personas, and not all of them: one that came in meanwhile keeps its portrait.
      const hadPortraits = await portraits.removeUnused(id)
      // The settings last: while they are there, the project is listed and can be deleted again.
      const { deletedCount } = await answer(() => projects.deleteOne({ _id: id }))
      return hadPersonas || hadImages || hadPortraits || deletedCount === 1
    },

    async listSealedKeys() {
      const withKey = { 'llmSettings.apiKey': { $exists: true } }
      const found = projects.find(withKey, { projection: { 'llmSettings.apiKey.ciphertext': 1 } })
      const documents = await answer(() => found.toArray())
      return documents.flatMap(({ _id, llmSettings }) =>
        llmSettings === undefined ? [] : [{ projectId: _id, ciphertext: llmSettings.apiKey.ciphertext }],
      )
    },
  }
}
