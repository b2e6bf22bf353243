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

/** A piece of an answer's text, or what comes after the last one. */
export type ChatPiece = { text: string } | { finish: Finish; usage?: Usage }

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

function usageOf(answer: unknown): { usage?: Usage } {
  const usage = field(answer, 'usage')
  const [input, output] = [field(usage, 'prompt_tokens'), field(usage, 'completion_tokens')]
  if (typeof input !== 'number' || typeof output !== 'number') return {}
  return { usage: { inputTokens: input, outputTokens: output, totalTokens: input + output } }
}

function read(answer: unknown, part: 'message' | 'delta'): Read {
  const choice = field(field(answer, 'choices'), '0')
  const message = field(choice, part)
  const finish = field(choice, 'finish_reason')
  return {
    text: textOf(field(message, 'content')),
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
  return { text, finish: finish === 'length' ? 'length' : 'stop', ...rest }
}

/**
 * Reads an answer that comes piece by piece, and gives its text as it comes, from the first character that is no
 * white space on; at last how it ended.
 * @throws ServiceError as `checkedAnswer` does, and BAD_GATEWAY for an answer that breaks off; once the signal is
 *   aborted, its reason
 */
export async function* piecesOf(
  answer: unknown,
  { signal, ...sent }: Sent & { signal: AbortSignal },
): AsyncGenerator<ChatPiece, void, undefined> {
  const whole: Read = { text: '', refusal: '', finish: undefined }
  let hasText = false
  // The SDK gives what it was asked for: a stream.
  for await (const chunk of answer as AsyncIterable<unknown>) {
    const { text, refusal, finish = whole.finish, usage } = read(chunk, 'delta')
    whole.refusal += refusal
    whole.finish = finish
    if (usage !== undefined) whole.usage = usage
    if (text === '') continue
    if (hasText) yield { text }
    else {
      whole.text += text
      hasText = whole.text.trim() !== ''
      if (hasText) yield { text: whole.text }
    }
  }
  // The SDK ends a stream that was given up as if it were whole.
  signal.throwIfAborted()
  if (hasText && whole.finish === undefined) throw providerUnreachable({ cause: 'a stream without its end' })
  const { text: _, ...end } = checkedAnswer(whole, sent)
  yield end
}
