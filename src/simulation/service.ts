import { noSystemPrompt } from '../errors/portraits.js'
import { answerCut } from '../errors/simulation.js'
import type { Persona } from '../personas/schema.js'
import type { PersonaService } from '../personas/service.js'
import type { Chats } from './chats.js'
import { modelMessages, type Said } from './conversation.js'
import { type Character, systemPrompt } from './prompt.js'
import type { PersonaTurn, PromptInput, SimulateInput } from './schema.js'
import { readTurn, TURN_FORMAT } from './turn.js'

/** A persona that can be played. @throws ServiceError BAD_REQUEST for one without a system prompt. */
export function playable(persona: Persona): Persona & Character {
  const { systemPrompt: text } = persona
  if (text === undefined || text.trim() === '') throw noSystemPrompt()
  return { ...persona, systemPrompt: text }
}

const NOTHING = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }

/** Speaks as personas, to the agent that is tested. Inputs have passed their schemas. */
export class SimulationService {
  readonly #personas: PersonaService
  readonly #chats: Chats

  constructor({ personas, chats }: { personas: PersonaService; chats: Chats }) {
    this.#personas = personas
    this.#chats = chats
  }

  /** The system message of `simulate`. @throws ServiceError NOT_FOUND, BAD_REQUEST without a system prompt. */
  async prompt({ projectId, id, ...scene }: PromptInput): Promise<{ system: string }> {
    const persona = playable(await this.#personas.get({ projectId, id }))
    return { system: systemPrompt(persona, scene, 'turn') }
  }

  /**
   * The persona's next turn. Nothing of it is tried twice. The signal ends it.
   * @throws ServiceError NOT_FOUND; BAD_REQUEST without a system prompt or provider, or for a conversation longer than
   *   the model's context; UNPROCESSABLE_CONTENT; those of `Chats`
   */
  async simulate(input: SimulateInput, signal: AbortSignal): Promise<PersonaTurn> {
    const { projectId, id, messages = [], scenario, goal, language } = input
    const { maxTurns = Number.POSITIVE_INFINITY, model: named, maxTokens, temperature, seed } = input
    const persona = playable(await this.#personas.get({ projectId, id }))
    const by = { persona: { id: persona.id, version: persona.version } }
    if (messages.filter(({ role }) => role === 'user').length >= maxTurns) {
      const { first } = await this.#chats.account(projectId, named)
      return { done: true, reason: 'max_turns', model: first, usage: NOTHING, ...by }
    }
    const said = messages.map(
      ({ role, content }): Said => ({
        by: role === 'user' ? 'persona' : 'agent',
        text: content,
      }),
    )
    const { model, text, finish, usage } = await this.#chats.complete({
      projectId,
      use: 'simulate',
      model: named,
      messages: modelMessages(systemPrompt(persona, { scenario, goal, language }, 'turn'), said),
      options: { temperature, seed, max_completion_tokens: maxTokens, response_format: TURN_FORMAT },
      signal,
    })
    // Its JSON is not whole then.
    if (finish === 'length') throw answerCut({ cause: 'finish_reason length' })
    const { message, reason } = readTurn(text)
    return {
      ...(message !== undefined && { message: { role: 'user', content: message } }),
      done: reason !== 'continue',
      reason,
      model,
      ...(usage !== undefined && { usage }),
      ...by,
    }
  }
}
