import { answerTooLarge } from '../../errors/provider.js'
import type { Hold, Limit } from '../../limit.js'

const MIB = 1024 * 1024
const MAX_ERROR_BYTES = MIB

/** How much a provider may answer. */
export interface AnswerBounds {
  /** The most bytes of an answer; of one that is an error 1 MiB at most. */
  maxBytes: number
  /** Bytes of answers that may be read at once; without it they are not counted. */
  reading?: Limit
}

/** `fetch` for one call of a provider: what it answers is read within a limit, and only up to a size. */
export class BoundedFetch {
  readonly #bounds: AnswerBounds
  #hold: Hold | undefined

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    // A redirect could send the prompt elsewhere, or the same paid call again.
    const response = await fetch(input, { ...init, redirect: 'error' })
    const { maxBytes, reading } = this.#bounds
    if (!response.ok) return bounded(response, Math.min(maxBytes, MAX_ERROR_BYTES))
    if (reading === undefined) return bounded(response, maxBytes)
    // The SDK fetches more than once (`data:,` to see what fetch can, and each model): one call that held an answer
    // while it waits for the next could wait for itself.
    this.release()
    // Until then the answer waits in the network. One that is paid for is never refused.
    this.#hold = await reading.take(maxBytes, { signal: init?.signal ?? undefined, withoutTimeout: true })
    return bounded(response, maxBytes)
  }

  /** Call it when the answer has been read, or the call has failed. */
  release(): void {
    this.#hold?.release()
  }
}

/** The same response, whose body fails beyond so many bytes. They count as they are once they are decompressed. */
function bounded(response: Response, max: number): Response {
  if (response.body === null) return response
  let received = 0
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength
      if (received <= max) return controller.enqueue(chunk)
      const mib = max / MIB
      controller.error(answerTooLarge({ mib, cause: `more than ${mib} MiB` }))
    },
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(counting), { status, statusText, headers })
}
