import OpenAI from 'openai'
import { ServiceError } from '../../errors/error.js'
import { noModelServed, providerKeyMalformed, providerTimedOut } from '../../errors/provider.js'
import { type AnswerBounds, BoundedFetch } from './bounded-fetch.js'
import { type FailedRequest, isModelGone, providerError } from './errors.js'
import { HourMemory } from './memory.js'

export interface OpenAiOptions {
  /** Address of a compatible gateway, with its path (`https://…/v1`). */
  baseUrl?: string | undefined
  /** Models to use where a request names none, best first. */
  models: readonly string[]
  /** Limit for a whole call in milliseconds, from the first attempt to the last byte. */
  timeoutMs: number
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined
}

/** What is the same for every kind of call. */
export interface CallRequest extends FailedRequest {
  /** Use this model alone; without it, the first of the list that is still served. */
  model?: string | undefined
  /** Gives the call up; it then fails with the signal's reason. */
  signal: AbortSignal
  answer: AnswerBounds
}

/** One call, from the first attempt to the last byte. `end` it whatever comes of it. */
export interface OpenAiCall {
  /** Ends with the caller's signal, at the time limit, or by `end`. */
  readonly signal: AbortSignal
  /**
   * What `ask` gives for the first model that the provider serves. One that it does not is remembered for an hour,
   * for that key.
   * @throws ServiceError SERVICE_UNAVAILABLE where it serves none; whatever else `ask` throws
   */
  firstServed<T>(ask: (client: OpenAI, model: string) => Promise<T>): Promise<{ model: string; answer: T }>
  /** What a caller is told of something that was thrown during the call. */
  errorOf(error: unknown): unknown
  /** Ends what is still under way of it; a second call does nothing. */
  end(): void
}

/** Why what is left of a call is given up. One for all: an abort without a reason makes an exception each time. */
const ENDED = new Error('The call has ended')

const OPENAI_URL = 'https://api.openai.com/v1'

/**
 * OpenAI's API, or that of a gateway which speaks it, through the official SDK. Each call may cost the key's owner
 * money, so nothing that may have been billed is ever tried twice; nothing of a call is logged.
 */
export class OpenAiProvider {
  readonly models: readonly string[]
  readonly #options: OpenAiOptions
  readonly #now: () => number
  readonly #gone: HourMemory

  constructor(options: OpenAiOptions) {
    this.models = options.models
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#gone = new HourMemory(this.#now)
  }

  begin(request: CallRequest): OpenAiCall {
    const { timeoutMs } = this.#options
    // One signal for headers and body of every attempt: the SDK's own timeout ends with the headers.
    const ending = new AbortController()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      ending.abort()
    }, timeoutMs)
    const giveUp = () => ending.abort(request.signal.reason)
    if (request.signal.aborted) giveUp()
    else request.signal.addEventListener('abort', giveUp, { once: true })
    const bounded = new BoundedFetch(request.answer)
    return {
      signal: ending.signal,
      firstServed: async (ask) => {
        const client = clientFor(request.apiKey, { ...this.#options, fetch: bounded.fetch })
        return this.#firstServed(request, (model) => ask(client, model))
      },
      errorOf: (error) => {
        if (error instanceof ServiceError) return error
        if (request.signal.aborted) return request.signal.reason
        if (isLate) return providerTimedOut({ seconds: timeoutMs / 1000, cause: { timeoutMs } })
        return providerError(error, request, this.#now())
      },
      end: () => {
        clearTimeout(timer)
        request.signal.removeEventListener('abort', giveUp)
        bounded.release()
        // What is still under way is of no use any more.
        ending.abort(ENDED)
      },
    }
  }

  async #firstServed<T>({ apiKey, model: named }: CallRequest, ask: (model: string) => Promise<T>) {
    const candidates = named === undefined ? this.models : [named]
    for (const model of candidates) {
      // A model that was asked for by name is always tried: its answer costs nothing.
      if (named === undefined && this.#gone.has(apiKey, model)) continue
      try {
        return { model, answer: await ask(model) }
      } catch (error) {
        if (!isModelGone(error)) throw error
        this.#gone.add(apiKey, model)
      }
    }
    const tried = candidates.join(', ')
    throw noModelServed({ models: tried, cause: `no model served: ${tried}` })
  }
}

function clientFor(
  apiKey: string,
  { baseUrl = OPENAI_URL, timeoutMs, fetch }: OpenAiOptions & Pick<BoundedFetch, 'fetch'>,
): OpenAI {
  // The key goes into a header, whose errors would repeat it.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw providerKeyMalformed({ cause: 'the key is not visible ASCII' })
  }
  return new OpenAI({
    apiKey,
    baseURL: baseUrl,
    fetch,
    // A failed call may have been billed.
    maxRetries: 0,
    // Debug logs print prompts.
    logLevel: 'off',
    timeout: timeoutMs + 1000,
    // The SDK would take these from the environment, and they belong to another account than the key.
    organization: null,
    project: null,
    adminAPIKey: null,
  })
}
