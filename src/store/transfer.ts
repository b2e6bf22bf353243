import type { Origin } from '../personas/change.js'
import type { Persona } from '../personas/schema.js'
import type { StoredImage, StoredProject } from './store.js'

/** A persona with the project it belongs to, and how its version came about. */
export interface PersonaRecord {
  projectId: string
  persona: Persona
  /** Absent where nothing is known to have changed, as in a persona that was never changed. */
  origin?: Origin
}

/** A registered project; `createdAt` is in milliseconds since 1970. */
export interface ProjectRecord extends StoredProject {
  createdAt: number
}

/** An image with the project it belongs to. */
export interface ImageRecord extends StoredImage {
  projectId: string
}

/** What a store is made of. */
export interface StoreRecords {
  projects: ProjectRecord
  images: ImageRecord
  /** Those of the history, which the current ones are not part of. */
  versions: PersonaRecord
  personas: PersonaRecord
}

/** One kind of what a store holds, in an order that every driver keeps alike. */
export interface RecordSequence<T> {
  /** About how many there are. */
  estimate(): Promise<number>
  /** All records, a few of them in memory at a time. */
  read(): AsyncIterable<T>
  /**
   * Adds records as they are, each behind those that were there, in order: whenever it ends early, what it
   * added is the first of them. Throws a ServiceError `CONFLICT` where one is there already.
   */
  append(records: readonly T[]): Promise<void>
}

/**
 * Everything in a store, to be moved to another. Projects and images are in order of creation; personas are
 * by project, and in order of creation within it; versions are by project, persona and number.
 */
export type Transfer = { readonly [Kind in keyof StoreRecords]: RecordSequence<StoreRecords[Kind]> }
