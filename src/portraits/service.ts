import { ServiceError } from '../errors.js'
import { finishPortrait } from '../images/processing.js'
import { newImageId } from '../images/service.js'
import type { Metrics } from '../metrics.js'
import type { Persona, PersonaInput } from '../personas/schema.js'
import { type PersonaService, personaNotFound } from '../personas/service.js'
import type { ProjectService } from '../projects/service.js'
import type { Store, StoredImage } from '../store/types.js'
import { portraitPrompt } from './prompt.js'
import type { ImageProvider } from './provider.js'
import { PortraitRate } from './rate.js'

/** The images API takes at most this many reference pictures. */
const MAX_STYLE_REFERENCES = 16
/** Waits before another try to store a picture that is paid for, in milliseconds. */
const STORE_RETRIES = [250, 1_000, 4_000]

interface PortraitDeps {
  store: Store
  personas: PersonaService
  projects: ProjectService
  provider: ImageProvider
  /** Portraits that may be started per project and minute. */
  ratePerMinute: number
  metrics: Pick<Metrics, 'portrait'>
}

interface Order {
  projectId: string
  persona: Persona & { systemPrompt: string }
  apiKey: string
  model?: string | undefined
}

/** Draws portraits: one at a time per persona, at most so many a minute per project. */
export class PortraitService {
  readonly #deps: PortraitDeps
  readonly #running = new Map<string, Promise<Persona>>()
  readonly #aborting = new AbortController()
  readonly #rate: PortraitRate

  constructor(deps: PortraitDeps) {
    this.#deps = deps
    this.#rate = new PortraitRate(deps.ratePerMinute)
  }

  /**
   * Draws the persona's portrait and points the persona at it. It goes on when its caller hangs up, and
   * later callers for the same persona join it.
   *
   * @throws ServiceError NOT_FOUND, BAD_REQUEST (nothing to draw from, no provider), TOO_MANY_REQUESTS, and
   *   those of the provider (contract of the images API in provider-errors.ts).
   */
  async generate({ projectId, id }: PersonaInput): Promise<Persona> {
    const fullId = await this.#deps.personas.resolveId({ projectId, id })
    const key = JSON.stringify([projectId, fullId])
    const running = this.#running.get(key)
    if (running !== undefined) return running
    // Set before anything is awaited, so that no second one can start beside it.
    const portrait = this.#order({ projectId, id: fullId })
      .then((order) => this.#timed(order))
      .finally(() => this.#running.delete(key))
    this.#running.set(key, portrait)
    return portrait
  }

  /** How many portraits are being drawn. */
  get running(): number {
    return this.#running.size
  }

  /** Waits for the portraits being drawn, at most so many milliseconds; the rest is given up. */
  async drain(limitMs: number): Promise<{ givenUp: number }> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([Promise.allSettled(this.#running.values()), limit])
    clearTimeout(timer)
    const givenUp = this.#running.size
    const message = 'The service is stopping, and gave this portrait up; it may have been billed'
    this.#aborting.abort(new ServiceError('SERVICE_UNAVAILABLE', message, { retryAfter: 10 }))
    return { givenUp }
  }

  async #order({ projectId, id }: PersonaInput): Promise<Order> {
    const { personas, projects } = this.#deps
    const { systemPrompt, ...persona } = await personas.get({ projectId, id })
    if (systemPrompt === undefined || systemPrompt.trim() === '') {
      throw new ServiceError('BAD_REQUEST', 'Persona has no system prompt')
    }
    const settings = await projects.provider(projectId)
    if (settings === null) throw new ServiceError('BAD_REQUEST', 'No LLM provider configured')
    if (settings.provider !== 'openai') throw new ServiceError('BAD_REQUEST', 'LLM provider is not OpenAI')
    const apiKey = settings.apiKey()
    this.#rate.count(projectId)
    return { projectId, persona: { ...persona, systemPrompt }, apiKey, model: settings.imageModel }
  }

  async #timed(order: Order): Promise<Persona> {
    const began = performance.now()
    let outcome = 'INTERNAL_SERVER_ERROR'
    try {
      const persona = await this.#draw(order)
      outcome = 'ok'
      return persona
    } catch (error) {
      if (error instanceof ServiceError) outcome = error.code
      throw error
    } finally {
      this.#deps.metrics.portrait({ outcome }, (performance.now() - began) / 1000)
    }
  }

  async #draw({ projectId, persona, apiKey, model }: Order): Promise<Persona> {
    const { provider } = this.#deps
    const references = await this.#styleReferences(projectId)
    const picture = await provider.generate({
      apiKey,
      ...(model !== undefined && { model }),
      prompt: portraitPrompt({ ...persona, hasStyleReferences: references.length > 0 }),
      references,
      signal: this.#aborting.signal,
    })
    const bytes = await finishPortrait(picture.bytes)
    const image: StoredImage = { id: newImageId('png'), role: 'persona-avatar', format: 'png', bytes }
    return this.#keep({ projectId, personaId: persona.id, image })
  }

  async #styleReferences(projectId: string): Promise<StoredImage[]> {
    const { store } = this.#deps
    const references: StoredImage[] = []
    const role = 'persona-avatar-styleguide'
    for (const id of await store.listNewestImageIds(projectId, role, MAX_STYLE_REFERENCES)) {
      const image = await store.findImage(projectId, id)
      // One may be deleted while the others are read.
      if (image !== null) references.push(image)
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
