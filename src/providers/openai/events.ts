import { createParser } from 'eventsource-parser'
import { APIError } from 'openai'
import { answerNotJson, answerTooLarge } from '../../errors/provider.js'

const MIB = 1024 * 1024
const DONE = '[DONE]'

/**
 * Reads an answer that OpenAI's API streams: server-sent events whose data is JSON. Not by the SDK, whose decoder takes
 * most of the time that a streamed token costs here, and holds an event of any size.
 */
export class EventReader {
  readonly #headers: Headers
  readonly #decoder = new TextDecoder()
  readonly #parser
  #data: string[] = []
  #isDone = false

  /**
   * @param headers of the answer
   * @param maxSize the most characters of an event
   */
  constructor(headers: Headers, maxSize: number) {
    this.#headers = headers
    const mib = maxSize / MIB
    this.#parser = createParser({
      onEvent: ({ data }) => void this.#data.push(data),
      onError: ({ type }) => {
        if (type !== 'max-buffer-size-exceeded') return
        throw answerTooLarge({ mib, cause: `an event of more than ${maxSize} characters` })
      },
      maxBufferSize: maxSize,
    })
  }

  /** Whether the provider has said that nothing comes any more. */
  get isDone(): boolean {
    return this.#isDone
  }

  /**
   * The events that are whole with these bytes.
   * @throws APIError for one that is an error, ServiceError BAD_GATEWAY for one that is too large or no JSON
   */
  read(bytes: Uint8Array): unknown[] {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
    const data = this.#data
    this.#data = []
    const values: unknown[] = []
    for (const text of data) {
      if (text.startsWith(DONE)) this.#isDone = true
      if (this.#isDone) break
      values.push(this.#valueOf(text))
    }
    return values
  }

  #valueOf(text: string): unknown {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw answerNotJson({ cause: 'an event that is not JSON' })
    }
    if (typeof value !== 'object' || value === null || !('error' in value) || !value.error) return value
    const { error } = value
    throw new APIError(statusOf(error), Object(error), undefined, this.#headers)
  }
}

/** The status that an error within a stream would have had before it, where it says so. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, type }: { code?: unknown; type?: unknown } = error
  // Some gateways give the status as the code.
  if (typeof code === 'number' && code >= 400 && code <= 599) return code
  return type === 'invalid_request_error' ? 400 : undefined
}
