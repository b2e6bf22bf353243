import type { Collection, Db } from 'mongodb'
import type { StoredImage, StoredLlmSettings } from './types.js'

export interface PersonaDocument {
  /** Grows in the order of creation (`nextOrderKey`). */
  _id: string
  projectId: string
  id: string
  name: string
  description?: string
  systemPrompt?: string
  imageUrl?: string
  /** In pairs: header names hold dots and dollars, which field names should not. */
  headers?: [name: string, value: string][]
  /** With `_id`, the place in the order of creation. */
  createdAt: Date
  /** What is shown as `createdAt` where its place is a later one: it came from a store whose clock had gone back. */
  statedCreatedAt?: Date
  /** The version that every change is conditioned on. */
  updatedAt: Date
}

export interface ProjectDocument {
  /** The project's id. */
  _id: string
  /** Grows in the order of registration (`nextOrderKey`). */
  order: string
  name: string
  createdAt: Date
  updatedAt: Date
  maxConcurrency?: number
  llmSettings?: StoredLlmSettings
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

export interface Collections {
  personas: Collection<PersonaDocument>
  projects: Collection<ProjectDocument>
  images: Collection<ImageDocument>
  portraitChanges: Collection<PortraitChangeDocument>
}

/** The store's collections of a database. */
export function collectionsOf(db: Db): Collections {
  return {
    personas: db.collection('personas'),
    projects: db.collection('projects'),
    images: db.collection('images', { promoteBuffers: true }),
    portraitChanges: db.collection('portraitChanges'),
  }
}

const UNIQUE_NAME = 'project_name'
/** The index that pages of personas are read from. */
export const ORDER_INDEX = 'project_order'

/** Turns the refusal of a second persona of one name into an outcome; throws every other error on. */
export function nameTaken(error: unknown): 'name-taken' {
  if (isDuplicate(error) && error.message.includes(` index: ${UNIQUE_NAME} `)) return 'name-taken'
  throw error
}

/** Whether an error is a unique index's refusal (code 11000). */
export function isDuplicate(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 11000
}

/**
 * Creates the indexes that are not there yet. All but those of `projects` begin with `projectId`, so that
 * the collections can be sharded by it. None has a collation: names and ids compare byte by byte.
 */
export async function createIndexes({ personas, projects, images, portraitChanges }: Collections) {
  await personas.createIndexes([
    { name: UNIQUE_NAME, key: { projectId: 1, name: 1 }, unique: true },
    { name: 'project_id', key: { projectId: 1, id: 1 }, unique: true },
    { name: ORDER_INDEX, key: { projectId: 1, createdAt: 1, _id: 1 } },
    {
      name: 'project_image',
      key: { projectId: 1, imageUrl: 1 },
      partialFilterExpression: { imageUrl: { $exists: true } },
    },
  ])
  await projects.createIndexes([{ name: 'order', key: { order: 1 } }])
  await images.createIndexes([
    { name: 'project_id', key: { projectId: 1, id: 1 }, unique: true },
    // Ends in the id so that lists of ids never load the bytes beside them.
    { name: 'project_role_order', key: { projectId: 1, role: 1, _id: 1, id: 1 } },
  ])
  await portraitChanges.createIndexes([{ name: 'project_time', key: { projectId: 1, at: 1 } }])
}
