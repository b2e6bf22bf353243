import type { ImageFormat, ImageRole } from '../images/schema.js'
import type { Limit } from '../limit.js'
import type { NewPersona, PersonaChange } from '../personas/change.js'
import type { Persona, TagCount } from '../personas/schema.js'
import type { PersonaQuery } from '../personas/search.js'
import type { PersonaVersion } from '../personas/versions.js'
import type { ProjectConfig, UpdateConfigInput } from '../projects/schema.js'
import type { Transfer } from './transfer.js'

/** `now` is in milliseconds since 1970; `ifMatch` lists the `updatedAt` values that may be changed. */
export interface PersonaWrite {
  now: number
  ifMatch?: readonly string[] | undefined
  /** The version whose content the change restores, for the history. */
  revertedFrom?: number | undefined
}

/** Which part of a history is wanted: so many versions at most, from below one where that is given. */
export interface VersionsRequest {
  limit: number
  before?: number | undefined
}

/** Which part of a list is wanted. */
export interface ListRequest {
  /** The most personas. */
  limit: number
  /** The most bytes of JSON; a page has one persona at least. */
  maxBytes?: number | undefined
  /** Where the page before it said that this one starts. */
  cursor?: string | undefined
  /** Every persona in order of creation, unless it is given. */
  query?: PersonaQuery
  /** Ends a search that takes long, which then fails with its reason. */
  signal?: AbortSignal | undefined
}

/** A page of personas, as the JSON array of them with a newline at its end, as answers in JSON have it. */
export interface JsonPage {
  /** As text, or in UTF-8, which a driver may have ready. */
  json: string | Buffer
  /** Its size in UTF-8, in bytes. */
  bytes: number
  /** Where the next page starts; absent on the last one. */
  nextCursor?: string
  /** Whether it ends before `limit`, as one persona more would be beyond `maxBytes`. */
  endsEarly?: true
}

/** A provider key as it is kept: encrypted, beside the mask that answers show. */
export interface SealedKey {
  ciphertext: string
  mask: string
}

export type StoredLlmSettings = Omit<NonNullable<ProjectConfig['llmSettings']>, 'apiKey'> & {
  apiKey: SealedKey
}

export type StoredProject = { id: string } & Omit<ProjectConfig, 'llmSettings'> & {
    llmSettings?: StoredLlmSettings
  }

/** A change of settings: absent models stay, `null` removes one, or all. */
export type LlmSettingsChange = Omit<NonNullable<UpdateConfigInput['llmSettings']>, 'apiKey'> & {
  /** Without it the stored key stays; so it does where `keepIfMask` is its mask. */
  apiKey?: (SealedKey & { keepIfMask: string }) | undefined
}

/** Why settings were not changed: no key is given or stored, or the stored one is another provider's. */
export type KeyFault = 'no-key' | { keyBelongsTo: string }

/** Fields to change: absent ones stay as they are, `null` clears. */
export type ProjectChange = Omit<UpdateConfigInput, 'projectId' | 'llmSettings'> & {
  llmSettings?: LlmSettingsChange | null | undefined
}

export interface StoredImage {
  /** A UUID and the extension of the format. */
  id: string
  role: ImageRole
  format: ImageFormat
  bytes: Buffer
}

export interface StoreOptions {
  /** Versions that are kept of a persona, the current one counted, instead of the usual number. */
  versionsKept?: number | undefined
  /** Told, in a few words for the operator, what opening the store waits for, where that can take minutes. */
  onWait?: ((what: string) => void) | undefined
}

/**
 * What the service asks of a database. Both drivers pass one contract suite (test/store/contract.ts).
 * Ordinary outcomes are return values; a database that does not answer is a ServiceError
 * `SERVICE_UNAVAILABLE`.
 *
 * Of references between records the store keeps one promise: a portrait (role `persona-avatar`) that an
 * update or a deletion takes away from a persona goes too, unless another persona of the project uses it.
 */
export interface Store {
  /** Names the database for the start line, without credentials. */
  readonly description: string
  /** What it counts or has wait, for the metrics. */
  readonly limits: readonly Limit[]
  /** Answers when the database does, and nothing is known to be wrong with it; throws otherwise. */
  ping(): Promise<void>
  /** Ends the connection; a second call does nothing. */
  close(): Promise<void>

  /**
   * Personas of a query in its order, from the cursor on where one is given. What is equal in that order is in order
   * of creation; a reversed order is the exact reverse. A cursor that this store did not make for the same project and
   * query is `bad-cursor`.
   */
  listPersonas(projectId: string, request: ListRequest): Promise<JsonPage | 'bad-cursor'>
  /** How many personas have each tag, spelled so: the `MAX_SPELLINGS` most used ones, in the order of `byUse`. */
  listTagSpellings(projectId: string): Promise<TagCount[]>
  findPersona(projectId: string, id: string): Promise<Persona | null>
  /** The names of the project's personas in order of creation, and when each was last changed. */
  listPersonaNames(projectId: string, limit: number): Promise<{ name: string; updatedAt: string }[]>
  /** How many ids of the project begin with `prefix` (lower-case hex and dashes), and one of them. */
  matchPersonaId(projectId: string, prefix: string): Promise<{ count: number; id?: string }>
  insertPersona(projectId: string, persona: NewPersona, now: number): Promise<Persona | 'name-taken'>
  /** Those of the names that there are, in any order. */
  findPersonasByName(projectId: string, names: readonly string[]): Promise<Persona[]>
  /** The same as one `insertPersona` after another, each whole or not at all, in less time. */
  insertPersonas(
    projectId: string,
    personas: readonly NewPersona[],
    now: number,
  ): Promise<(Persona | 'name-taken')[]>
  /**
   * Changes the given fields in one atomic step. `updatedAt` grows strictly with every change, whatever
   * the clock says, and stays where nothing changes. What was there before becomes a version of the history, the
   * oldest of which go beyond as many as the store keeps.
   */
  updatePersona(
    projectId: string,
    id: string,
    change: PersonaChange & PersonaWrite,
  ): Promise<Persona | 'missing' | 'stale' | 'name-taken'>
  deletePersona(
    projectId: string,
    id: string,
    ifMatch?: readonly string[],
  ): Promise<'deleted' | 'missing' | 'stale'>
  /** The persona's versions, newest first, from the current one on unless the request says otherwise. */
  listVersions(projectId: string, id: string, request: VersionsRequest): Promise<PersonaVersion[] | 'missing'>
  /** A persona as a version of it was, the current one included, with what the history holds of it. */
  findVersion(projectId: string, id: string, version: number): Promise<Persona | 'missing' | 'no-version'>

  /**
   * Every project under whose id anything is stored, or the one of an id if it is there; the one whose earliest
   * persona, image or registration is oldest first. One that is not registered has its id as its name.
   */
  listProjects(id?: string): Promise<JsonPage>
  findProject(id: string): Promise<StoredProject | null>
  insertProject(project: { id: string; name: string }, now: number): Promise<void>
  /**
   * Registers the project if need be (its id as the name), and changes the given fields in one atomic step. A
   * `KeyFault` means that nothing was changed: a key is needed.
   */
  updateProject(id: string, change: ProjectChange, now: number): Promise<StoredProject | KeyFault>
  /**
   * Removes the project's personas, images and settings, in steps between which others are answered: the
   * settings last, so that it keeps its name should it end in between. False if there was nothing.
   */
  deleteProject(id: string): Promise<boolean>
  /** Every stored provider key, so that unreadable ones can be reported. */
  listSealedKeys(): Promise<{ projectId: string; ciphertext: string }[]>

  insertImage(projectId: string, image: StoredImage): Promise<void>
  findImage(projectId: string, id: string): Promise<StoredImage | null>
  hasImage(projectId: string, id: string): Promise<boolean>
  /** Ids of the project's images, oldest first. */
  listImageIds(projectId: string, role?: ImageRole): Promise<string[]>
  /** Ids of the newest `limit` images of a role, newest first. */
  listNewestImageIds(projectId: string, role: ImageRole, limit: number): Promise<string[]>
  deleteImage(projectId: string, id: string): Promise<boolean>
  /**
   * Stores a portrait and points the persona at it; the portrait it replaces goes (see above). Nothing is
   * left behind when the persona is missing, nor when the process ends in between.
   */
  storePortrait(
    projectId: string,
    personaId: string,
    portrait: { image: StoredImage; now: number },
  ): Promise<Persona | 'missing'>

  /** Everything it holds, for a move to another store. */
  readonly transfer: Transfer
}
