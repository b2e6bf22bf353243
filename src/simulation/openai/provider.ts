import type { OpenAI } from 'openai'
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions/completions'
import type { ServiceError } from '../../errors/error.js'
import { answerNotJson } from '../../errors/provider.js'
import { conversationTooLong } from '../../errors/simulation.js'
import { type OpenAiCall, type OpenAiOptions, OpenAiProvider } from '../../providers/openai/call.js'
import type { Failure } from '../../providers/openai/errors.js'
import { EventReader } from '../../providers/openai/events.js'
import { HourMemory } from '../../providers/openai/memory.js'
import type { ModelMessage } from '../conversation.js'
import { type ChatAnswer, type ChatPieces, checkedAnswer, readAnswer, StreamedAnswer } from './answers.js'
import { type ChatOptions, optionsFor, refusedOption } from './options.js'

const MIB = 1024 * 1024
/** The most bytes of an answer that comes whole, or of one event; and of all events, which are passed on. */
export const MAX_ANSWER_BYTES = MIB / 4
const MAX_STREAM_BYTES = 16 * MIB
/** How long a provider that has said that nothing comes any more may take to end its answer, in milliseconds. */
const MAX_DRAIN = 1_000

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
  /** What has come of it. */
  first: ChatPieces
  /** What comes. Throws what the caller is to be told where the answer breaks off. */
  rest: AsyncGenerator<ChatPieces, void, undefined>
  /** Ends it, whether it was read to its end or not; a second call does nothing. */
  end(): void
}

const NOTHING = { done: true, value: undefined }

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
      const { model, answer } = await this.#ask(call, request, (client, asked) =>
        client.chat.completions.create(asked, { signal: call.signal }),
      )
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
      const { model, answer } = await this.#ask(call, request, (client, asked) =>
        client.chat.completions.create({ ...asked, stream: true }, { signal: call.signal }).asResponse(),
      )
      const rest = piecesOf(answer, { call, answer: new StreamedAnswer(request) })
      const first = await rest.next()
      return { model, first: first.value ?? { texts: [] }, rest, end: call.end }
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
  #ask<T>(
    call: OpenAiCall,
    { apiKey, messages, options }: ChatRequest,
    send: (client: OpenAI, asked: ChatCompletionCreateParamsNonStreaming) => Promise<T>,
  ): Promise<{ model: string; answer: T }> {
    return call.firstServed(async (client, model) => {
      const refuses = (name: string) => this.#refused.has(apiKey, model, name)
      for (;;) {
        const sent = optionsFor(options, refuses)
        try {
          return await send(client, { model, messages, ...sent })
        } catch (error) {
          const option = refusedOption(error, sent)
          if (option === undefined) throw error
          this.#refused.add(apiKey, model, option)
        }
      }
    })
  }
}

/** What comes of an answer, as it comes; at last how it ended. @throws what the caller is to be told */
async function* piecesOf(
  response: Response,
  { call, answer }: { call: OpenAiCall; answer: StreamedAnswer },
): ChatStream['rest'] {
  const { body, headers } = response
  try {
    if (/json|html/i.test(headers.get('content-type') ?? '')) {
      yield answer.whole(await jsonOf(response))
      return
    }
    // Status 204 has no body.
    const reader = body?.getReader()
    const events = new EventReader(headers, MAX_ANSWER_BYTES)
    for (let isOver = false; !isOver; ) {
      const { done, value } = (await reader?.read()) ?? NOTHING
      const read = value === undefined ? [] : events.read(value)
      const texts = read.map((event) => answer.read(event)).filter((text) => text !== '')
      isOver = done || events.isDone
      if (isOver) yield { texts, end: answer.end(events.isDone) }
      else if (texts.length > 0) yield { texts }
    }
    await drain(reader, call)
  } catch (error) {
    throw call.errorOf(error)
  } finally {
    call.end()
  }
}

/** The answer of a gateway that does not stream: it is whole, and paid for. @throws ServiceError BAD_GATEWAY for a page */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    throw answerNotJson({ cause: 'neither events nor JSON' })
  }
}

/** Reads what is left after the last event, so that the connection can be used again. */
async function drain(reader: ReadableStreamDefaultReader | undefined, call: OpenAiCall): Promise<void> {
  const timer = setTimeout(call.end, MAX_DRAIN)
  try {
    while ((await reader?.read())?.done === false);
  } catch {
    // Everything has been said.
  } finally {
    clearTimeout(timer)
  }
}
