import { answerNotJson, providerUnreachable } from '../../errors/provider.js'
import { answerWithoutText, limitUsedUp, personaRefused } from '../../errors/simulation.js'
import { quotable } from '../../providers/openai/quote.js'
import type { ModelMessage } from '../conversation.js'

/** Tokens as the provider counts them. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  totalTokens: number
}

/** Why an answer ended; `length`: it was cut at its token limit. */
export type Finish = 'stop' | 'length'

export interface ChatAnswer {
  text: string
  finish: Finish
  usage?: Usage
}

/** How an answer ended. */
export type ChatEnd = Omit<ChatAnswer, 'text'>

/** What came at once of an answer: pieces of its text, and after the last one how it ended. */
export interface ChatPieces {
  texts: string[]
  end?: ChatEnd
}

/** The most characters that are kept of white space before the text, and of a refusal: one may come without end. */
const MAX_BLANK = 1_000
const MAX_REFUSAL = 10_000

/** What was sent, so that what is quoted repeats none of it. */
interface Sent {
  apiKey: string
  messages: readonly ModelMessage[]
}

/** What an answer, or a piece of one, says; undefined for what it leaves out. */
interface Read {
  text: string
  refusal: string
  finish: string | undefined
  usage?: Usage
}

// The SDK's types promise more than gateways keep.
function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The text of a content, which some gateways give as parts. Nobody could send it back with a NUL. */
function contentOf(content: unknown): string {
  const texts = Array.isArray(content)
    ? content.map((part) => textOf(field(part, 'text')))
    : [textOf(content)]
  return texts.join('').replaceAll('\0', '')
}

/** Beyond it sums are no longer exact, nor counts of tokens. */
const MAX_TOKENS = 2 ** 50

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TOKENS
}

function usageOf(answer: unknown): { usage?: Usage } {
  const usage = field(answer, 'usage')
  if (usage === undefined || usage === null) return {}
  const [input, output] = [field(usage, 'prompt_tokens'), field(usage, 'completion_tokens')]
  if (!isCount(input) || !isCount(output)) return {}
  return { usage: { inputTokens: input, outputTokens: output, totalTokens: input + output } }
}

function read(answer: unknown, part: 'message' | 'delta'): Read {
  const choice = field(field(answer, 'choices'), '0')
  const message = field(choice, part)
  const finish = field(choice, 'finish_reason')
  return {
    text: contentOf(field(message, 'content')),
    refusal: textOf(field(message, 'refusal')),
    finish: typeof finish === 'string' ? finish : undefined,
    ...usageOf(answer),
  }
}

/** Reads a whole answer. @throws ServiceError BAD_GATEWAY for a page of something else. */
export function readAnswer(answer: unknown): Read {
  if (typeof answer === 'string' && answer !== '') throw answerNotJson({ cause: 'not JSON' })
  return read(answer, 'message')
}

/** The answer, where it has text. @throws ServiceError UNPROCESSABLE_CONTENT for a refusal, BAD_GATEWAY without text. */
export function checkedAnswer({ text, refusal, finish, ...rest }: Read, sent: Sent): ChatAnswer {
  const texts = sent.messages.map(({ content }) => content)
  if (refusal !== '') throw personaRefused({ quote: quotable(refusal, { apiKey: sent.apiKey, texts }) })
  if (finish === 'content_filter') throw personaRefused({ quote: '' })
  if (text.trim() === '') {
    throw finish === 'length'
      ? limitUsedUp({ cause: 'no text, finish_reason length' })
      : answerWithoutText({ cause: 'no text' })
  }
  return { text: text.toWellFormed(), finish: finish === 'length' ? 'length' : 'stop', ...rest }
}

/** Reads an answer that comes piece by piece, as what its events hold. */
export class StreamedAnswer {
  readonly #sent: Sent
  readonly #whole: Read = { text: '', refusal: '', finish: undefined }
  #hasText = false

  constructor(sent: Sent) {
    this.#sent = sent
  }

  /** The text of an event, from the first character of the answer that is no white space on; '' for none. */
  read(event: unknown): string {
    const { text, refusal, finish, usage } = read(event, 'delta')
    const whole = this.#whole
    if (finish !== undefined) whole.finish = finish
    if (usage !== undefined) whole.usage = usage
    if (refusal !== '' && whole.refusal.length < MAX_REFUSAL) whole.refusal += refusal
    if (this.#hasText || text === '') return text
    this.#hasText = text.trim() !== ''
    if (this.#hasText || whole.text.length < MAX_BLANK) whole.text += text
    return this.#hasText ? whole.text : ''
  }

  /** An answer that came whole instead. @throws ServiceError as `checkedAnswer` does */
  whole(answer: unknown): ChatPieces {
    const { text, ...end } = checkedAnswer(readAnswer(answer), this.#sent)
    return { texts: [text], end }
  }

  /**
   * How it ended. `isDone`: the provider said that this is the end.
   * @throws ServiceError as `checkedAnswer` does, and BAD_GATEWAY for an answer that breaks off
   */
  end(isDone: boolean): ChatEnd {
    const whole = this.#whole
    if (this.#hasText && whole.finish === undefined && !isDone) {
      throw providerUnreachable({ cause: 'a stream without its end' })
    }
    const { text: _, ...end } = checkedAnswer(whole, this.#sent)
    return end
  }
}
