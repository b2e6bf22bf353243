import { personaNotFound } from '../errors/personas.js'
import { personaModelNotFound } from '../errors/simulation.js'
import { excerpt } from '../excerpt.js'
import { MAX_LIST, type Persona } from '../personas/schema.js'
import type { PersonaService } from '../personas/service.js'
import type { Store } from '../store/store.js'
import type { ChatOrder, Chats, SpokenPieces } from './chats.js'
import type { CompletionInput } from './completion.js'
import { modelMessages, type Said } from './conversation.js'
import type { ChatAnswer } from './openai/answers.js'
import type { ChatOptions } from './openai/options.js'
import { systemPrompt } from './prompt.js'
import { playable } from './service.js'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const AT_VERSION = /^(.+)@(\d{1,9})$/s

interface ModelsDeps {
  store: Pick<Store, 'findPersonasByName' | 'listPersonaNames'>
  personas: PersonaService
  chats: Chats
}

/** Personas as the models of OpenAI's chat API: callers speak to one as they would to a language model. */
export class PersonaModels {
  readonly #deps: ModelsDeps

  constructor(deps: ModelsDeps) {
    this.#deps = deps
  }

  /** The names of the project's personas, the oldest 10,000, and when each was last changed. */
  list(projectId: string): Promise<{ name: string; updatedAt: string }[]> {
    return this.#deps.store.listPersonaNames(projectId, MAX_LIST)
  }

  /**
   * The persona that a `model` names: by its name, its full id, or either with `@version`. An exact name wins.
   * @throws ServiceError NOT_FOUND where there is none, or no such version
   */
  async find(projectId: string, model: string): Promise<Persona> {
    const persona = await this.#named(projectId, model)
    if (persona !== null) return persona
    const [, name, version] = AT_VERSION.exec(model) ?? []
    const versioned = name === undefined ? null : await this.#named(projectId, name)
    if (versioned === null) throw personaModelNotFound({ model: excerpt(model) })
    return this.#deps.personas.get({ projectId, id: versioned.id, version: Number(version) })
  }

  /** What the persona writes next. @throws ServiceError as `find` and `SimulationService.simulate` do. */
  async complete(input: CompletionInput, signal: AbortSignal): Promise<Spoken & ChatAnswer> {
    const { persona, order } = await this.#order(input, signal)
    return { persona, ...(await this.#deps.chats.complete(order)) }
  }

  /** The same piece by piece, once it has begun; `end` it whatever comes of it. @throws ServiceError as `complete`. */
  async stream(input: CompletionInput, signal: AbortSignal): Promise<Spoken & SpokenPieces> {
    const { persona, order } = await this.#order(input, signal)
    return { persona, ...(await this.#deps.chats.stream(order)) }
  }

  async #named(projectId: string, name: string): Promise<Persona | null> {
    const [persona] = await this.#deps.store.findPersonasByName(projectId, [name.trim().normalize('NFC')])
    if (persona !== undefined) return persona
    if (!UUID.test(name)) return null
    return this.#deps.personas.get({ projectId, id: name }).catch((error) => {
      if (personaNotFound.is(error)) return null
      throw error
    })
  }

  async #order(input: CompletionInput, signal: AbortSignal): Promise<{ persona: Persona; order: ChatOrder }> {
    const { projectId, messages } = input
    const persona = playable(await this.find(projectId, input.model))
    const texts = messages.map(({ role, content = '' }) => ({ role, text: content }))
    const isScene = (role: string) => role === 'system' || role === 'developer'
    const scene = texts.filter(({ role }) => isScene(role)).map(({ text }) => text)
    const said = texts
      .filter(({ role }) => !isScene(role))
      // The caller's side of the conversation is the persona's already.
      .map(({ role, text }): Said => ({ by: role === 'user' ? 'agent' : 'persona', text }))
    const system = systemPrompt(persona, { scenario: scene.join('\n\n') }, 'text')
    const order: ChatOrder = {
      projectId,
      use: 'completion',
      messages: modelMessages(system, said),
      options: optionsOf(input),
      signal,
    }
    return { persona, order }
  }
}

/** Who spoke. */
export interface Spoken {
  persona: Pick<Persona, 'id' | 'version'>
}

function optionsOf(input: CompletionInput): ChatOptions {
  const { temperature, top_p, seed, presence_penalty, frequency_penalty } = input
  const { stream, stream_options, max_tokens, max_completion_tokens = max_tokens } = input
  // Providers refuse an empty one, which ends nothing.
  const stop = [input.stop ?? []].flat().filter((each) => each !== '')
  return {
    temperature,
    top_p,
    seed,
    presence_penalty,
    frequency_penalty,
    max_completion_tokens,
    stop: stop.length > 0 ? stop : undefined,
    stream_options:
      stream === true && stream_options?.include_usage === true ? { include_usage: true } : undefined,
  }
}
