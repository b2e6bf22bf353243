import { ServiceError } from '../errors/error.js'
import { noProvider, notOpenAi } from '../errors/portraits.js'
import { chatRate, tooManyChats } from '../errors/simulation.js'
import { type Hold, Limit } from '../limit.js'
import type { Metrics } from '../metrics.js'
import type { ProjectService } from '../projects/service.js'
import { ProjectRate } from '../providers/rate.js'
import type { ModelMessage } from './conversation.js'
import type { ChatAnswer, ChatPieces } from './openai/answers.js'
import type { ChatOptions } from './openai/options.js'
import { type ChatProvider, type ChatRequest, type ChatStream, MAX_ANSWER_BYTES } from './openai/provider.js'

const MIB = 1024 * 1024
/** Memory that conversations with the provider may take at once, in bytes. */
const CAPACITY = 96 * MIB
/** What a character of a conversation takes, in bytes: as it came, as text, as JSON, as it is sent, and until that is collected. */
const BYTES_PER_CHARACTER = 12

/** What a call to the model is for, in the metrics. */
export type ChatUse = 'simulate' | 'completion' | 'generate'

/** A conversation to be continued by a project's model. */
export interface ChatOrder {
  projectId: string
  use: ChatUse
  /** Instead of the project's own, and the service's list. */
  model?: string | undefined
  messages: ModelMessage[]
  options: ChatOptions
  /** Ends the call: whoever waits for the answer has left. */
  signal: AbortSignal
}

/** An answer piece by piece; `end` it whatever comes of it. */
export interface SpokenPieces {
  /** Throws what the caller is to be told where the answer breaks off. */
  pieces: AsyncGenerator<ChatPieces, void, undefined>
  /** A second call does nothing. */
  end(): void
}

interface ChatsDeps {
  projects: ProjectService
  provider: ChatProvider
  /** Calls that may be started per project and minute. */
  ratePerMinute: number
  metrics: Pick<Metrics, 'chat' | 'limit'>
}

/** All calls to language models: the project's key and model, the rate, the memory that they take, the metrics. */
export class Chats {
  readonly #deps: ChatsDeps
  readonly #rate: ProjectRate
  readonly #memory = new Limit({
    name: 'chat_bytes',
    capacity: CAPACITY,
    maxWaitMs: 10_000,
    error: tooManyChats,
  })

  constructor(deps: ChatsDeps) {
    this.#deps = deps
    this.#rate = new ProjectRate(deps.ratePerMinute, chatRate)
    deps.metrics.limit(this.#memory)
  }

  /**
   * The model that a project's call asks first, and the key for it.
   * @throws ServiceError BAD_REQUEST without a provider that speaks OpenAI's API, SERVICE_UNAVAILABLE `key_unreadable`
   */
  async account(
    projectId: string,
    model?: string,
  ): Promise<{ named?: string; first: string; apiKey: string }> {
    const settings = await this.#deps.projects.provider(projectId)
    if (settings === null) throw noProvider()
    if (settings.provider !== 'openai') throw notOpenAi()
    const named = model ?? settings.models.persona
    const apiKey = settings.apiKey()
    return named === undefined
      ? { first: this.#deps.provider.firstModel, apiKey }
      : { named, first: named, apiKey }
  }

  /** @throws ServiceError as `account` does, TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE, and those of the provider. */
  async complete(order: ChatOrder): Promise<ChatAnswer & { model: string }> {
    const { request, hold } = await this.#admit(order)
    const timed = this.#timer(order.use)
    try {
      const answer = await this.#deps.provider.complete(request)
      timed('ok')
      return answer
    } catch (error) {
      timed(error)
      throw error
    } finally {
      hold.release()
    }
  }

  /** The answer piece by piece, once it has begun. @throws as `complete`. */
  async stream(order: ChatOrder): Promise<SpokenPieces> {
    const { request, hold } = await this.#admit(order)
    const timed = this.#timer(order.use)
    try {
      const stream = await this.#deps.provider.stream(request)
      const end = () => {
        stream.end()
        hold.release()
        // Nothing, where it was told already.
        timed('CLIENT_CLOSED_REQUEST')
      }
      return { pieces: timedPieces(stream, { timed, end }), end }
    } catch (error) {
      timed(error)
      hold.release()
      throw error
    }
  }

  async #admit(order: ChatOrder): Promise<{ request: ChatRequest; hold: Hold }> {
    const { projectId, messages, options, signal } = order
    const { named, apiKey } = await this.account(projectId, order.model)
    this.#rate.check(projectId)
    const characters = messages.reduce((sum, { content }) => sum + content.length, 0)
    const cost = MAX_ANSWER_BYTES + characters * BYTES_PER_CHARACTER
    const hold = await this.#memory.take(cost, { caller: projectId, signal })
    try {
      // Not before: what was refused here is no start.
      this.#rate.count(projectId)
    } catch (error) {
      hold.release()
      throw error
    }
    return { request: { apiKey, model: named, messages, options, signal }, hold }
  }

  /** Counts a call once, with how it ended and how long it took. */
  #timer(use: ChatUse): (outcome: unknown) => void {
    const began = performance.now()
    let isTold = false
    return (outcome) => {
      if (isTold) return
      isTold = true
      const code = outcome instanceof ServiceError ? outcome.code : 'CLIENT_CLOSED_REQUEST'
      const labels = { use, outcome: typeof outcome === 'string' ? outcome : code }
      this.#deps.metrics.chat(labels, (performance.now() - began) / 1000)
    }
  }
}

async function* timedPieces(
  { first, rest }: ChatStream,
  { timed, end }: { timed: (outcome: unknown) => void; end: () => void },
): SpokenPieces['pieces'] {
  try {
    yield first
    yield* rest
    timed('ok')
  } catch (error) {
    timed(error)
    throw error
  } finally {
    end()
  }
}
