import { setImmediate } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { type Hold, Limit, type TakeOptions } from '../limit.js'
import { LIST_BYTES, type ListBudget, needsLimit } from '../personas/service.js'

const MIB = 1024 * 1024
/** Bytes of memory that answers may take at once, while they are made and until they are sent. */
const ANSWERS = 96 * MIB
/** The same for large lists, apart: who asks for a persona does not wait for those who ask for thousands. */
const LISTS = 256 * MIB
/** What is set aside for each call before it runs, in bytes: the largest persona, as an object and as text. */
const CALL = MIB
/** Bytes of lists that a request reads within that; for more it asks first. */
const FIRST = MIB / 2
/** Answers up to this size, in bytes, are not counted once they are made. */
const SMALL = 64 * 1024

/** What answers take: bytes of memory, and for large lists turns. */
export interface AnswerLimits {
  answers: Limit
  lists: Limit
  /** A list may take long to read: one is begun at a time, and others are answered in between. */
  listTurns: Limit
}

/** The limits on answers. */
export function answerLimits(): AnswerLimits {
  const waiting = {
    maxWaitMs: 10_000,
    message: 'Too many large answers are under way; try again in a few seconds, or ask for pages',
    retryAfter: 5,
  }
  return {
    answers: new Limit({ name: 'answers', capacity: ANSWERS, ...waiting }),
    lists: new Limit({ name: 'lists', capacity: LISTS, ...waiting }),
    listTurns: new Limit({ name: 'list_turns', capacity: 1, ...waiting }),
  }
}

/**
 * What the answer to one request takes of the limit, from before its calls run until it is sent. All lists of a
 * request together are at most as large as one list may be. A request never waits for room while it holds a
 * list: the calls of a batch cannot wait for each other, nor two batches.
 */
export class Answer implements ListBudget {
  readonly #limits: AnswerLimits
  readonly #request: FastifyRequest
  readonly #copies: number
  #hold: Hold | undefined
  /** Bytes of lists that may be read within what is held. */
  #room = 0
  /** Bytes of lists that were read. */
  #read = 0
  #turn: Promise<unknown> = Promise.resolve()
  /** Why there was no room. */
  #refused: unknown

  /** `copies` is what a byte of a list takes of memory until its answer is made, as text and as objects. */
  constructor(limits: AnswerLimits, request: FastifyRequest, copies: number) {
    this.#limits = limits
    this.#request = request
    this.#copies = copies
  }

  /** Waits for room for so many calls. @throws ServiceError SERVICE_UNAVAILABLE where that takes too long. */
  async begin(calls: number): Promise<void> {
    await this.#take(this.#limits.answers, calls * CALL)
    this.#room = FIRST
  }

  read: ListBudget['read'] = (maxBytes, read) => {
    const turn = this.#turn.then(async () => {
      const most = Math.min(maxBytes, LIST_BYTES - this.#read)
      const room = Math.min(most, this.#room - this.#read)
      const first = room > 0 ? await this.#inTurn(() => read(room)) : undefined
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
    // Nothing is read any more should there be no room: the calls of a batch do not wait for it one after another.
    this.#room = 0
    this.#hold?.release()
    if (this.#refused !== undefined) throw this.#refused
    const room = this.#read + most
    await this.#take(this.#limits.lists, room * this.#copies).catch((error) => {
      this.#refused = error
      throw error
    })
    this.#room = room
    return this.#inTurn(() => read(most))
  }

  /** Begins to read once nobody else does, and the requests that came meanwhile have been looked at. */
  async #inTurn<T>(read: () => Promise<T>): Promise<T> {
    const begin = async () => {
      await setImmediate()
      // A database in another process is not waited for here.
      return { list: read() }
    }
    const { list } = await this.#limits.listTurns.run(1, begin, this.#caller())
    return list
  }

  #caller(): TakeOptions {
    const { lifetime, access, ip } = this.#request
    return { caller: access?.key ?? ip, signal: lifetime.signal }
  }

  async #take(limit: Limit, bytes: number): Promise<void> {
    this.#hold = await limit.take(bytes, this.#caller())
    this.#request.lifetime.onOver(this.#hold.release)
  }
}
