import type { OpenAI } from 'openai'
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions'
import type { ServiceError } from '../../errors/error.js'
import { conversationTooLong } from '../../errors/simulation.js'
import { type OpenAiCall, type OpenAiOptions, OpenAiProvider } from '../../providers/openai/call.js'
import type { Failure } from '../../providers/openai/errors.js'
import { HourMemory } from '../../providers/openai/memory.js'
import type { ModelMessage } from '../conversation.js'
import { type ChatAnswer, type ChatPiece, checkedAnswer, piecesOf, readAnswer } from './answers.js'
import { type ChatOptions, optionsFor, refusedOption } from './options.js'

const MIB = 1024 * 1024
/** The most bytes of an answer that comes whole, and of one that comes piece by piece and is passed on. */
export const MAX_ANSWER_BYTES = MIB / 4
const MAX_STREAM_BYTES = 16 * MIB

export interface ChatRequest {
  apiKey: string
  /** Use this model alone; without it, the first of the provider's list that is still served. */
  model?: string | undefined
  messages: ModelMessage[]
  options: ChatOptions
  /** Ends the call; it then fails with the signal's reason. */
  signal: AbortSignal
}

/** An answer that comes piece by piece. */
export interface ChatStream {
  model: string
  /** Throws what the caller is to be told where the answer breaks off. */
  pieces: AsyncGenerator<ChatPiece, void, undefined>
  /** Ends it, whether it was read to its end or not; a second call does nothing. */
  end(): void
}

const TOO_LONG = /context_length|context_window|string_above_max_length/
const SAYS_TOO_LONG =
  /maximum context length|context (window|length|size)|prompt is too long|too many tokens/i

function tooLong({ status, kind, message, quote, cause }: Failure): ServiceError | undefined {
  const isOfInput = status === 400 || status === 413 || status === 422
  if (!isOfInput || !(TOO_LONG.test(kind) || SAYS_TOO_LONG.test(message))) return undefined
  return conversationTooLong({ quote: quote(), cause })
}

/** OpenAI's chat completions, or those of a gateway which speaks them, through the official SDK. */
export class ChatProvider {
  readonly #provider: OpenAiProvider
  readonly #refused: HourMemory

  constructor(options: OpenAiOptions) {
    this.#provider = new OpenAiProvider(options)
    this.#refused = new HourMemory(options.now ?? Date.now)
  }

  /** The model that is asked first where a request names none. */
  get firstModel(): string {
    return this.#provider.models[0] ?? ''
  }

  /** A whole answer. @throws ServiceError for an answer without text, and as providers/openai/errors.ts has it. */
  async complete(request: ChatRequest): Promise<ChatAnswer & { model: string }> {
    const call = this.#begin(request, MAX_ANSWER_BYTES)
    try {
      const { model, answer } = await this.#ask(call, request, { stream: false })
      return { model, ...checkedAnswer(readAnswer(answer), request) }
    } catch (error) {
      throw call.errorOf(error)
    } finally {
      call.end()
    }
  }

  /** An answer piece by piece, once its first text is there. @throws ServiceError as `complete` does. */
  async stream(request: ChatRequest): Promise<ChatStream> {
    const call = this.#begin(request, MAX_STREAM_BYTES)
    try {
      const { model, answer } = await this.#ask(call, request, { stream: true })
      const pieces = piecesOf(answer, { ...request, signal: call.signal })
      const first = await pieces.next()
      return { model, pieces: passedOn(first, pieces, call), end: call.end }
    } catch (error) {
      const told = call.errorOf(error)
      call.end()
      throw told
    }
  }

  #begin({ apiKey, model, messages, signal }: ChatRequest, maxBytes: number): OpenAiCall {
    const texts = messages.map(({ content }) => content)
    return this.#provider.begin({ apiKey, model, texts, signal, answer: { maxBytes }, ownError: tooLong })
  }

  /** Asks, without the options that the provider has refused for this model; each of them it may refuse once. */
  #ask(
    call: OpenAiCall,
    { apiKey, messages, options }: ChatRequest,
    { stream }: { stream: boolean },
  ): Promise<{ model: string; answer: unknown }> {
    const ask = async (client: OpenAI, model: string): Promise<unknown> => {
      const refuses = (name: string) => this.#refused.has(apiKey, model, name)
      for (;;) {
        const sent = optionsFor(options, refuses)
        const params: ChatCompletionCreateParamsBase = { model, messages, ...sent, ...(stream && { stream }) }
        try {
          return await client.chat.completions.create(params, { signal: call.signal })
        } catch (error) {
          const option = refusedOption(error, sent)
          if (option === undefined) throw error
          this.#refused.add(apiKey, model, option)
        }
      }
    }
    return call.firstServed(ask)
  }
}

async function* passedOn(
  first: IteratorResult<ChatPiece, void>,
  pieces: ChatStream['pieces'],
  call: OpenAiCall,
): ChatStream['pieces'] {
  try {
    if (first.done) return
    yield first.value
    yield* pieces
  } catch (error) {
    throw call.errorOf(error)
  } finally {
    call.end()
  }
}
