import type { FastifyRequest } from 'fastify'
import { type Hold, Limit } from '../limit.js'
import { LIST_BYTES, type ListBudget, needsLimit } from '../personas/service.js'

const MIB = 1024 * 1024
/** Bytes of memory that answers may take at once, while they are made and until they are sent. */
const CAPACITY = 320 * MIB
/** What is set aside for each call before it runs, in bytes: the largest persona, as an object and as text. */
const CALL = MIB
/** Answers up to this size, in bytes, are not counted once they are made. */
const SMALL = 64 * 1024

/** The limit on the bytes of answers. */
export function answerLimit(): Limit {
  return new Limit({
    name: 'answers',
    capacity: CAPACITY,
    maxWaitMs: 10_000,
    message: 'Too many large answers are under way; try again in a few seconds, or ask for pages',
    retryAfter: 5,
  })
}

/**
 * What the answer to one request takes of the limit, from before its calls run until it is sent. All lists of a
 * request together are at most as large as one list may be. A request never waits for room while it holds a
 * list: the calls of a batch cannot wait for each other, nor two batches.
 */
export class Answer implements ListBudget {
  readonly #limit: Limit
  readonly #request: FastifyRequest
  readonly #copies: number
  #hold: Hold | undefined
  /** Bytes of lists that may be read within what is held. */
  #room = 0
  /** Bytes of lists that were read. */
  #read = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** `copies` is what a byte of a list takes of memory until its answer is made, as text and as objects. */
  constructor(limit: Limit, request: FastifyRequest, copies: number) {
    this.#limit = limit
    this.#request = request
    this.#copies = copies
  }

  /** Waits for room for so many calls. @throws ServiceError SERVICE_UNAVAILABLE where that takes too long. */
  async begin(calls: number): Promise<void> {
    await this.#take(calls * CALL)
    this.#room = (calls * CALL) / this.#copies
  }

  read: ListBudget['read'] = (maxBytes, read) => {
    const turn = this.#turn.then(async () => {
      const most = Math.min(maxBytes, LIST_BYTES - this.#read)
      const room = Math.min(most, this.#room - this.#read)
      const first = room > 0 ? await read(room) : undefined
      const isWhole = first !== undefined && (room === most || first.endsEarly === undefined)
      const list = isWhole ? first : await this.#readAll(most, read)
      this.#read += list.bytes
      return list
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Notes that the answer is made, and takes so many bytes until it is sent. */
  made(bytes: number): void {
    this.#hold?.resize(bytes > SMALL ? bytes : 0)
  }

  async #readAll<T>(most: number, read: (maxBytes: number) => Promise<T>): Promise<T> {
    if (most <= 0) throw needsLimit()
    this.#hold?.release()
    this.#room = this.#read + most
    await this.#take(this.#room * this.#copies)
    return read(most)
  }

  async #take(bytes: number): Promise<void> {
    const { lifetime, access, ip } = this.#request
    const turn = { caller: access?.key ?? ip, signal: lifetime.signal }
    this.#hold = await this.#limit.take(bytes, turn)
    lifetime.onOver(this.#hold.release)
  }
}
