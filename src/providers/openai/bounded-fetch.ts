import { answerTooLarge } from '../../errors/provider.js'
import type { Hold, Limit } from '../../limit.js'
import { withError } from './error-body.js'

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
    const signal = init?.signal ?? undefined
    if (!response.ok) return failed(bounded(response, { max: Math.min(maxBytes, MAX_ERROR_BYTES), signal }))
    if (reading === undefined) return bounded(response, { max: maxBytes, signal })
    // The SDK fetches more than once (`data:,` to see what fetch can, and each model): one call that held an answer
    // while it waits for the next could wait for itself.
    this.release()
    // Until then the answer waits in the network. One that is paid for is never refused.
    this.#hold = await reading.take(maxBytes, { signal, withoutTimeout: true })
    return bounded(response, { max: maxBytes, signal })
  }

  /** Call it when the answer has been read, or the call has failed. */
  release(): void {
    this.#hold?.release()
  }
}

/** The same answer, with its error where the SDK looks for it. */
async function failed(response: Response): Promise<Response> {
  if (response.body === null) return response
  const { status, statusText, headers } = response
  // The status says enough where the body breaks off.
  const body = await response.text().catch(() => '')
  return new Response(withError(body), { status, statusText, headers })
}

interface Bounds {
  max: number
  /** Ends the reading of the body. */
  signal: AbortSignal | undefined
}

/** The same response, whose body fails beyond so many bytes. They count as they are once they are decompressed. */
function bounded(response: Response, { max, signal }: Bounds): Response {
  if (response.body === null) return response
  const reader = response.body.getReader()
  let received = 0
  // Not a TransformStream, which takes several times as long for each piece.
  const counted = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // The fetch of Node 20 forgets its signal once the response that it gave is collected: a body that never ends
        // would be waited for without end.
        const giveUp = () => {
          controller.error(signal?.reason)
          reader.cancel(signal?.reason).catch(() => undefined)
        }
        if (signal?.aborted === true) giveUp()
        else signal?.addEventListener('abort', giveUp, { once: true })
      },
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        received += value.byteLength
        if (received <= max) return controller.enqueue(value)
        const mib = max / MIB
        const error = answerTooLarge({ mib, cause: `more than ${mib} MiB` })
        controller.error(error)
        await reader.cancel(error)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  const { status, statusText, headers } = response
  return new Response(counted, { status, statusText, headers })
}
