import type { FastifyRequest } from 'fastify'
import { type Hold, Limit } from '../limit.js'
import { LIST_BYTES, needsLimit } from '../personas/service.js'
import type { ListBudget } from '../trpc.js'

const MIB = 1024 * 1024
/** Bytes of memory that lists may take at once, while they are read, made into answers and sent. */
const CAPACITY = 320 * MIB
/** What a request reads without asking for more, in bytes: most lists end within it. */
const FIRST = MIB

/** The limit on the bytes of lists. */
export function listLimit(): Limit {
  return new Limit({
    name: 'lists',
    capacity: CAPACITY,
    maxWaiting: 200,
    maxWaitMs: 10_000,
    message: 'Too many large lists are under way; try again in a few seconds, or ask for pages',
    retryAfter: 5,
  })
}

/**
 * The lists of one request. All of them together are at most as large as one list may be. A request never
 * waits for room while it holds some: a batch of calls cannot wait for itself, nor two for each other.
 */
export class RequestLists implements ListBudget {
  readonly #limit: Limit
  readonly #request: FastifyRequest
  readonly #copies: number
  #hold: Hold | undefined
  /** Bytes of lists that the request may read within what it holds. */
  #room = 0
  /** Bytes of lists that it has read. */
  #read = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** `copies` is what a byte of a list takes of memory until its answer is made, as text and as objects. */
  constructor(limit: Limit, request: FastifyRequest, copies: number) {
    this.#limit = limit
    this.#request = request
    this.#copies = copies
  }

  read: ListBudget['read'] = (maxBytes, read) => {
    const turn = this.#turn.then(async () => {
      const most = Math.min(maxBytes, LIST_BYTES - this.#read)
      if (most <= 0) throw needsLimit()
      if (this.#hold === undefined) await this.#take(Math.min(FIRST, most))
      const room = Math.min(most, this.#room - this.#read)
      let page = room > 0 ? await read(room) : undefined
      if (room < most && (page === undefined || page.endsEarly === true)) {
        page = undefined
        this.#hold?.release()
        await this.#take(this.#read + most)
        page = await read(most)
      }
      if (page === undefined) throw needsLimit()
      this.#read += page.bytes
      return page
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Notes that the answer is made: only its bytes are held from now on. */
  settle(): void {
    this.#hold?.resize(this.#read)
    this.#room = 0
  }

  async #take(bytes: number): Promise<void> {
    const { lifetime, access, ip } = this.#request
    this.#hold = await this.#limit.take(bytes * this.#copies, {
      caller: access?.key ?? ip,
      signal: lifetime.signal,
    })
    this.#room = bytes
    lifetime.onOver(this.#hold.release)
  }
}
