import { type Collection, type Db, MongoServerError } from 'mongodb'
import type { StoredImage, StoredProject } from '../store.js'
import type { PersonaDocument, VersionDocument } from './persona-document.js'

export interface ProjectDocument extends Omit<StoredProject, 'id'> {
  /** The project's id. */
  _id: string
  /** Grows in the order of registration (`nextOrderKey`). */
  order: string
  createdAt: Date
  updatedAt: Date
}

export interface ImageDocument extends StoredImage {
  /** Grows in the order of creation (`nextOrderKey`). */
  _id: string
  projectId: string
}

/** Notes before a change that an image may lose its last use by it; gone once that is settled. */
export interface PortraitChangeDocument {
  _id: string
  projectId: string
  imageId: string
  at: Date
}

/** Notes before a deletion whose histories it is to take: that of a persona, or those of a project. */
export interface HistoryRemovalDocument {
  _id: string
  projectId: string
  id?: string
  at: Date
}

export interface Collections {
  personas: Collection<PersonaDocument>
  versions: Collection<VersionDocument>
  historyRemovals: Collection<HistoryRemovalDocument>
  projects: Collection<ProjectDocument>
  images: Collection<ImageDocument>
  portraitChanges: Collection<PortraitChangeDocument>
}

/** The store's collections of a database. */
export function collectionsOf(db: Db): Collections {
  return {
    personas: db.collection('personas'),
    versions: db.collection('versions'),
    historyRemovals: db.collection('historyRemovals'),
    projects: db.collection('projects'),
    images: db.collection('images', { promoteBuffers: true }),
    portraitChanges: db.collection('portraitChanges'),
  }
}

/** Sees what was just written, acknowledged by a majority or not. */
export const LATEST = { readConcern: { level: 'local' } } as const

/** The index that pages of personas are read from, and the one of images that is like it. */
export const ORDER_INDEX = 'project_order'
/** Their keys: the earliest of a project comes first. */
export const PERSONA_ORDER = { projectId: 1, createdAt: 1, _id: 1 } as const
export const IMAGE_ORDER = { projectId: 1, _id: 1 } as const
/** The indexes that lists in other orders, and of a tag, are read from. */
export const NAME_INDEX = 'project_name'
export const UPDATED_INDEX = 'project_updated'
export const TAG_INDEX = 'project_tag'

/**
 * Why a write of a persona's name failed: `name-taken`, or null where the name is free again and the write can
 * be repeated. Throws the error on where it has nothing to do with the name. Looks who has the name, since
 * servers differ in what they say of a duplicate.
 */
export async function nameTaken(
  personas: Collections['personas'],
  { projectId, id, name }: Pick<PersonaDocument, 'projectId' | 'id' | 'name'>,
  error: unknown,
): Promise<'name-taken' | null> {
  if (!(error instanceof MongoServerError)) throw error
  const holder = await personas.findOne({ projectId, name }, { projection: { _id: 0, id: 1 }, ...LATEST })
  if (holder !== null && holder.id !== id) return 'name-taken'
  if (isDuplicate(error)) return null
  throw error
}

/** Whether an error is a duplicate key of a unique index (code 11000). */
export function isDuplicate(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 11000
}
