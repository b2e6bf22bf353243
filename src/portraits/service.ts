import { ServiceError } from '../errors/error.js'
import { imageNotFound } from '../errors/images.js'
import { personaNotFound } from '../errors/personas.js'
import {
  noProvider,
  noSystemPrompt,
  notOpenAi,
  portraitGivenUp,
  portraitRate,
  stoppingBeforePortrait,
  tooManyPortraits,
} from '../errors/portraits.js'
import { finishPortrait } from '../images/processing.js'
import { type ImageService, newImageId } from '../images/service.js'
import { type Hold, Limit } from '../limit.js'
import type { Metrics } from '../metrics.js'
import type { Persona, PersonaInput } from '../personas/schema.js'
import type { PersonaService } from '../personas/service.js'
import type { ProjectService } from '../projects/service.js'
import { ProjectRate } from '../providers/rate.js'
import type { Store, StoredImage } from '../store/store.js'
import type { ImageProvider, StyleReference } from './openai/provider.js'
import { portraitPrompt } from './prompt.js'

/** The images API takes at most this many reference pictures. */
const MAX_STYLE_REFERENCES = 16
const MIB = 1024 * 1024
/** Memory that portraits may take at once, in bytes. */
const CAPACITY = 144 * MIB
/** What a portrait takes beside its references: prompt, answer, and the finished picture. */
const PORTRAIT_BYTES = 2 * MIB
/** The most that a style reference takes until it is made small, and for how much it counts: it is held and sent. */
const REFERENCE_BYTES = 2 * MIB
const COPIES = 2
/** Waits before another try to store a picture that is paid for, in milliseconds. */
const STORE_RETRIES = [250, 1_000, 4_000]

interface PortraitDeps {
  store: Store
  personas: PersonaService
  projects: ProjectService
  images: ImageService
  provider: ImageProvider
  /** Portraits that may be started per project and minute. */
  ratePerMinute: number
  metrics: Pick<Metrics, 'portrait' | 'limit'>
}

interface Order {
  projectId: string
  persona: Persona & { systemPrompt: string }
  apiKey: string
  model?: string | undefined
}

/** Draws portraits: one at a time per persona, at most so many a minute per project, within a limit of memory. */
export class PortraitService {
  readonly #deps: PortraitDeps
  readonly #running = new Map<string, Promise<Persona>>()
  /** From now on nothing is begun that costs money. */
  readonly #stopping = new AbortController()
  /** From now on what runs is given up. */
  readonly #aborting = new AbortController()
  readonly #rate: ProjectRate
  readonly #memory = new Limit({
    name: 'portrait_bytes',
    capacity: CAPACITY,
    maxWaitMs: 60_000,
    error: tooManyPortraits,
  })

  constructor(deps: PortraitDeps) {
    this.#deps = deps
    this.#rate = new ProjectRate(deps.ratePerMinute, portraitRate)
    deps.metrics.limit(this.#memory)
  }

  /**
   * Draws the persona's portrait and points the persona at it. It goes on when its caller hangs up, and
   * later callers for the same persona join it.
   *
   * @throws ServiceError NOT_FOUND, BAD_REQUEST (nothing to draw from, no provider), TOO_MANY_REQUESTS,
   *   SERVICE_UNAVAILABLE (too many at once, or the service is stopping), and those of the provider (errors/provider.ts).
   */
  async generate({ projectId, id }: PersonaInput): Promise<Persona> {
    const fullId = await this.#deps.personas.resolveId({ projectId, id })
    const key = JSON.stringify([projectId, fullId])
    const running = this.#running.get(key)
    if (running !== undefined) return running
    this.#stopping.signal.throwIfAborted()
    // Set before anything is awaited, so that no second one can start beside it.
    const portrait = this.#generate({ projectId, id: fullId }).finally(() => this.#running.delete(key))
    this.#running.set(key, portrait)
    return portrait
  }

  /** How many portraits are being drawn. */
  get running(): number {
    return this.#running.size
  }

  /**
   * Begins no more portraits, and waits for those being drawn, at most so many milliseconds; the rest is given up.
   */
  async drain(limitMs: number): Promise<{ givenUp: number }> {
    this.#stopping.abort(stoppingBeforePortrait({ cause: 'told to stop' }))
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([Promise.allSettled(this.#running.values()), limit])
    clearTimeout(timer)
    const givenUp = this.#running.size
    const cause = `not done ${limitMs} ms after the service was told to stop`
    this.#aborting.abort(portraitGivenUp({ cause }))
    return { givenUp }
  }

  async #generate(persona: PersonaInput): Promise<Persona> {
    const { projectId } = persona
    const { signal } = this.#stopping
    const references = await this.#deps.store.listNewestImageIds(
      projectId,
      'persona-avatar-styleguide',
      MAX_STYLE_REFERENCES,
    )
    const most = PORTRAIT_BYTES + references.length * REFERENCE_BYTES * COPIES
    // What waits holds no more than ids: texts and pictures are read afterwards.
    const hold = await this.#memory.take(most, { caller: projectId, signal })
    try {
      const order = await this.#order(persona)
      return await this.#timed(() => this.#draw(order, { references, hold }))
    } finally {
      hold.release()
    }
  }

  async #order({ projectId, id }: PersonaInput): Promise<Order> {
    const { personas, projects } = this.#deps
    const { systemPrompt, ...persona } = await personas.get({ projectId, id })
    if (systemPrompt === undefined || systemPrompt.trim() === '') throw noSystemPrompt()
    const settings = await projects.provider(projectId)
    if (settings === null) throw noProvider()
    if (settings.provider !== 'openai') throw notOpenAi()
    const apiKey = settings.apiKey()
    this.#rate.check(projectId)
    return { projectId, persona: { ...persona, systemPrompt }, apiKey, model: settings.models.image }
  }

  async #timed(draw: () => Promise<Persona>): Promise<Persona> {
    const began = performance.now()
    let outcome = 'INTERNAL_SERVER_ERROR'
    try {
      const persona = await draw()
      outcome = 'ok'
      return persona
    } catch (error) {
      if (error instanceof ServiceError) outcome = error.code
      throw error
    } finally {
      this.#deps.metrics.portrait({ outcome }, (performance.now() - began) / 1000)
    }
  }

  async #draw(order: Order, { references, hold }: { references: string[]; hold: Hold }): Promise<Persona> {
    const { projectId, persona } = order
    const picture = await this.#askProvider(order, { references, hold })
    // The references are gone, and the picture is there.
    hold.resize(PORTRAIT_BYTES + picture.length)
    // It is paid for: it waits as long as it takes.
    const turn = { caller: projectId, signal: this.#aborting.signal, withoutTimeout: true }
    const bytes = await finishPortrait(picture, turn)
    const image: StoredImage = { id: newImageId('png'), role: 'persona-avatar', format: 'png', bytes }
    return this.#keep({ projectId, personaId: persona.id, image })
  }

  /** The picture as the provider sent it. */
  async #askProvider(
    { projectId, persona, apiKey, model }: Order,
    { references: ids, hold }: { references: string[]; hold: Hold },
  ): Promise<Buffer> {
    const references = await this.#references(projectId, ids)
    const total = references.reduce((sum, { bytes }) => sum + bytes.length, 0)
    hold.resize(PORTRAIT_BYTES + total * COPIES)
    this.#stopping.signal.throwIfAborted()
    // Not before: what was refused here is no start.
    this.#rate.count(projectId)
    const { bytes } = await this.#deps.provider.generate({
      apiKey,
      ...(model !== undefined && { model }),
      prompt: portraitPrompt({ ...persona, hasStyleReferences: references.length > 0 }),
      references,
      signal: this.#aborting.signal,
    })
    return bytes
  }

  /** Reads the references one at a time, each made small before the next; one that was deleted since is left out. */
  async #references(projectId: string, ids: string[]): Promise<StyleReference[]> {
    const references: StyleReference[] = []
    for (const id of ids) {
      try {
        const { format, bytes } = await this.#deps.images.styleReference(
          { projectId, imageId: id },
          this.#stopping.signal,
        )
        references.push({ id, format, bytes })
      } catch (error) {
        if (!imageNotFound.is(error)) throw error
      }
    }
    return references
  }

  /** Stores a picture that is paid for: a database that is gone for a moment does not lose it. */
  async #keep(portrait: { projectId: string; personaId: string; image: StoredImage }): Promise<Persona> {
    const { projectId, personaId, image } = portrait
    for (const wait of [...STORE_RETRIES, undefined]) {
      try {
        const stored = await this.#deps.store.storePortrait(projectId, personaId, { image, now: Date.now() })
        if (stored === 'missing') throw personaNotFound()
        return stored
      } catch (error) {
        const passing = error instanceof ServiceError && error.code === 'SERVICE_UNAVAILABLE'
        if (!passing || wait === undefined) throw error
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
    throw new Error('unreachable: the last try throws')
  }
}
