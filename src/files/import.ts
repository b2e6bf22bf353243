import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { notAPicture, tooLargeEncoded } from '../errors/images.js'
import { pruneNeedsUpsert } from '../errors/personas.js'
import { databaseUnavailable } from '../errors/store.js'
import type { ImageService } from '../images/service.js'
import type { Store } from '../store/store.js'
import { someAtOnce } from './at-once.js'
import { type Entry, fail, failName, type Plan, planOf, readEntry } from './plan.js'
import { prune } from './prune.js'
import { type Row, turns } from './row.js'
import type { ImportFileInput, ImportReport, ImportResult } from './schema.js'

/** Rows that are written together; others are answered between two steps. */
const STEP = 200
/**
 * Rows of a step that is sent again because the database did not answer in time, as a part of what they were, and the
 * fewest: what does not get done with so few does not get done with single creates either.
 */
const SMALLER = 1 / 5
const FEWEST = 8
/** Personas that are read at once: each may have half a megabyte. */
const READ = 25
/** Tries of a row whose persona others keep changing, and the wait before another, in milliseconds. */
const TRIES = 10
const WAIT = 20

/** What an import is asked for beside its rows. */
export interface ImportRequest extends ImportFileInput {
  /** Ends it after a step. */
  signal?: AbortSignal | undefined
  /** Whether a row fails for what is not known of it. */
  isStrict: boolean
}

/** Brings the rows of files into a project. Each persona is found by its name. */
export class ImportService {
  readonly #store: Store
  readonly #images: ImageService

  constructor(store: Store, images: ImageService) {
    this.#store = store
    this.#images = images
  }

  /**
   * Creates and updates personas, in steps of some hundred rows. It is not one transaction: each row is whole, and
   * what becomes of it is reported. Sent again it ends in the same state, and so do two of the same rows at once.
   * @throws ServiceError BAD_REQUEST for `prune` without `upsert`; SERVICE_UNAVAILABLE where the store or a turn of a
   *   picture is not to be had: what was done until then stays
   */
  async import(request: ImportRequest, rows: readonly Row[]): Promise<ImportReport> {
    const { mode = 'upsert', dryRun = false, prune: isPruning = false, isStrict, signal } = request
    if (isPruning && mode !== 'upsert') throw pruneNeedsUpsert()
    const results: ImportResult[] = []
    const names = new Set<string>()
    const turn = turns()
    let size = STEP
    for (let at = 0; at < rows.length; at += STEP) {
      signal?.throwIfAborted()
      const entries: Entry[] = []
      for (const row of rows.slice(at, at + STEP)) {
        entries.push(readEntry(row, { place: at + entries.length + 1, names, isStrict }))
        await turn()
      }
      results.push(...entries.map(({ result }) => result))
      size = await this.#steps(entries, request, size)
    }
    if (isPruning && results.every(({ action }) => action !== 'failed')) {
      results.push(...(await prune(this.#store, request, names)))
    }
    const count = (action: ImportResult['action']) => results.filter((each) => each.action === action).length
    return {
      dryRun,
      created: count('created'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      deleted: count('deleted'),
      failed: count('failed'),
      results,
    }
  }

  /**
   * Plans and writes rows in steps of at most `size`. Each may be sent again, as rows are found by their names: what a
   * slow database does not do within the time of a call, it may do in parts. Gives the size that it took.
   */
  async #steps(entries: readonly Entry[], request: ImportRequest, most: number): Promise<number> {
    let size = most
    for (let at = 0; at < entries.length; ) {
      const some = entries.slice(at, at + size)
      try {
        await this.#step(some, request)
      } catch (error) {
        if (!databaseUnavailable.is(error) || size <= FEWEST) throw error
        request.signal?.throwIfAborted()
        size = Math.max(FEWEST, size * SMALLER)
        continue
      }
      for (const entry of some) noteWhatIsSent(entry)
      at += size
    }
    return size
  }

  /** Plans and writes some rows, and again those that others came between. */
  async #step(entries: readonly Entry[], request: ImportRequest): Promise<void> {
    let left = entries.filter(({ result }) => result.action !== 'failed')
    for (const entry of left) await this.#readPicture(entry, request)
    for (let tries = 0; left.length > 0 && tries < TRIES; tries += 1) {
      if (tries > 0) await sleep(WAIT * tries)
      const plans = await this.#plan(left, request)
      left = request.dryRun === true ? [] : await this.#write(plans, request.projectId)
    }
    for (const entry of left)
      failName(entry, `Persona "${entry.name}" is being changed by others; send it again`)
  }

  /** Makes a portrait of the picture that a row brings. The row fails where that is none. */
  async #readPicture(entry: Entry, { projectId, signal }: ImportRequest): Promise<void> {
    const { picture, reading, portrait } = entry
    if (picture === undefined || portrait !== undefined || reading.hasPortrait === false) return
    try {
      entry.portrait = await this.#images.asPortrait(picture, { caller: projectId, signal })
    } catch (error) {
      if (!notAPicture.is(error) && !tooLargeEncoded.is(error)) throw error
      fail(entry, [{ path: 'picture', message: error.message }])
    }
  }

  /** What is to be written for rows; nothing for those that fail, and for personas that are as their rows say. */
  async #plan(entries: readonly Entry[], { projectId, mode = 'upsert' }: ImportRequest): Promise<Plan[]> {
    const plans: Plan[] = []
    const sound = entries.filter(({ result }) => result.action !== 'failed')
    for (let at = 0; at < sound.length; at += READ) {
      // An embedded store answers at once: others have their turn here.
      await setImmediate()
      const some = sound.slice(at, at + READ)
      const names = some.map(({ name }) => name)
      const found = await this.#store.findPersonasByName(projectId, names)
      const byName = new Map(found.map((persona) => [persona.name, persona]))
      for (const entry of some) {
        const plan = planOf(entry, { current: byName.get(entry.name), mode })
        if (plan !== undefined && !(await this.#isDone(plan, projectId))) plans.push(plan)
      }
    }
    return plans
  }

  /** Whether there is nothing to write, the portrait included. */
  async #isDone({ entry, current }: Plan, projectId: string): Promise<boolean> {
    const { result, portrait } = entry
    if (result.action !== 'unchanged' || current === undefined || portrait === undefined) {
      return result.action === 'unchanged'
    }
    const { imageUrl } = current
    const shown = imageUrl === undefined ? null : await this.#store.findImage(projectId, imageUrl)
    if (shown?.bytes.equals(portrait.bytes) !== true) result.action = 'updated'
    return result.action === 'unchanged'
  }

  /** Writes what is planned. Returns the rows that others came between. */
  async #write(plans: readonly Plan[], projectId: string): Promise<Entry[]> {
    const creations = plans.flatMap((plan) => (plan.current === undefined ? [plan] : []))
    const given = creations.map(({ fields }) => fields)
    const created = await this.#store.insertPersonas(projectId, given, Date.now())
    const changes = plans.flatMap((plan) => (plan.current === undefined ? [] : [plan]))
    const updated = await someAtOnce(changes, ({ entry, current, change }) => {
      entry.isSent = true
      return this.#store.updatePersona(projectId, current.id, {
        ...change,
        now: Date.now(),
        // A note is added to the metadata that were read: what came in between must not be lost.
        ifMatch: entry.reading.note === undefined ? undefined : [current.updatedAt],
      })
    })
    const outcomes = [...created, ...updated]
    const left: Entry[] = []
    for (const [at, { entry }] of [...creations, ...changes].entries()) {
      const outcome = outcomes[at]
      if (typeof outcome !== 'object') {
        entry.isSent = false
        left.push(entry)
      } else {
        entry.result.id = outcome.id
        await this.#storePortrait(entry, projectId)
      }
    }
    return left
  }

  async #storePortrait({ portrait, result }: Entry, projectId: string): Promise<void> {
    if (portrait === undefined || result.id === undefined) return
    // A persona that was deleted meanwhile has none.
    await this.#store.storePortrait(projectId, result.id, { image: portrait, now: Date.now() })
  }
}

/** Tells what this import made of a row, and not what it found where the row was sent again. */
function noteWhatIsSent({ result, id, isSent = false }: Entry): void {
  if (result.action === 'failed') return
  if (result.id === id) result.action = 'created'
  else if (isSent && result.action === 'unchanged') result.action = 'updated'
}
