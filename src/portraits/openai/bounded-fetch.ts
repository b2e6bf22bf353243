import { answerTooLarge } from '../../errors/provider.js'
import type { Hold, Limit } from '../../limit.js'

const MIB = 1024 * 1024
/** A 1024×1024 picture takes 11 MiB in base64 at the very most. */
const MAX_ANSWER_BYTES = 16 * MIB
const MAX_ERROR_BYTES = MIB

/** `fetch` for one call of a provider: what it answers is read within a limit, and only up to a size. */
export class BoundedFetch {
  readonly #reading: Limit
  #hold: Hold | undefined

  /** @param reading bytes of answers that may be read at once */
  constructor(reading: Limit) {
    this.#reading = reading
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    // A redirect could send the prompt elsewhere, or the same paid call again.
    const response = await fetch(input, { ...init, redirect: 'error' })
    if (!response.ok) return bounded(response, MAX_ERROR_BYTES)
    // The SDK fetches more than once (`data:,` to see what fetch can, and each model): one call that held an answer
    // while it waits for the next could wait for itself.
    this.release()
    // Until then the answer waits in the network. A picture that is paid for is never refused.
    const hold = await this.#reading.take(MAX_ANSWER_BYTES, {
      signal: init?.signal ?? undefined,
      withoutTimeout: true,
    })
    this.#hold = hold
    return bounded(response, MAX_ANSWER_BYTES)
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
