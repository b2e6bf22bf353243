import type { FastifyRequest } from 'fastify'
import { JsonList, type Lists } from '../api/trpc.js'
import { needsLimit } from '../errors/personas.js'
import { tooManyLargeAnswers } from '../errors/requests.js'
import { beginInTurn, type Hold, Limit } from '../limit.js'
import { LIST_BYTES } from '../lists.js'
import type { JsonPage } from '../store/store.js'

const MIB = 1024 * 1024
/** Bytes of memory that answers may take at once, while they are made and until they are sent. */
const ANSWERS = 64 * MIB
/** The same for batches and for lists, apart: who asks for a persona does not wait for those who ask for thousands. */
const BATCHES = 64 * MIB
const LISTS = 192 * MIB
/** What is set aside for each call before it runs, in bytes: the largest persona, as an object and as text. */
const CALL = MIB
/** The most that is set aside for a batch of calls. */
const BATCH = 32 * MIB
/** What a byte of a list takes of memory until its answer is made: in the database, and as text. */
const COPIES = 2
/** Bytes of lists that a request reads within that; for more it asks first. */
const FIRST = MIB
/** Answers up to this size, in bytes, are not counted once they are made. */
const SMALL = 64 * 1024

/** How the mark of a list begins as text, and how long it is with its quotes. */
const MARK = '"list:'
const MARK_LENGTH = MARK.length + 36 + 1

/** What answers take: bytes of memory, and for large lists turns. */
export interface AnswerLimits {
  answers: Limit
  batches: Limit
  lists: Limit
  /** A list may take long to read: one is begun at a time, and others are answered in between. */
  listTurns: Limit
}

/** The limits on answers. */
export function answerLimits(): AnswerLimits {
  const waiting = { maxWaitMs: 10_000, error: tooManyLargeAnswers }
  const shared = { ...waiting, isShared: true }
  return {
    answers: new Limit({ name: 'answers', capacity: ANSWERS, ...shared }),
    batches: new Limit({ name: 'batches', capacity: BATCHES, ...shared }),
    lists: new Limit({ name: 'lists', capacity: LISTS, ...shared }),
    listTurns: new Limit({ name: 'list_turns', capacity: 1, ...waiting }),
  }
}

/**
 * What the answer to one request takes of the limit, from before its calls run until it is sent. All lists of a
 * request together are at most as large as one list may be. A request never waits for room while it holds a
 * list: the calls of a batch cannot wait for each other, nor two batches.
 */
export class Answer implements Lists {
  readonly #limits: AnswerLimits
  readonly #request: FastifyRequest
  #hold: Hold | undefined
  /** What is held for its lists, once there are any. */
  #listHold: Hold | undefined
  /** Bytes of lists that may be read within what is held. */
  #room = 0
  /** Bytes of lists that were read. */
  #read = 0
  #turn: Promise<unknown> = Promise.resolve()
  #isBatch = false
  /** What is held for calls that took long. */
  #late: Promise<Hold> | undefined
  /** Why there was no room. */
  #refused: unknown

  constructor(limits: AnswerLimits, request: FastifyRequest) {
    this.#limits = limits
    this.#request = request
  }

  /**
   * Waits for room for so many calls, but those that take long; returns undefined where there is no need to.
   * @throws ServiceError SERVICE_UNAVAILABLE where that takes too long.
   */
  begin(calls: number, { isBatch = false } = {}): Promise<void> | undefined {
    this.#isBatch = isBatch
    this.#room = FIRST
    if (calls === 0) return undefined
    const limit = isBatch ? this.#limits.batches : this.#limits.answers
    const bytes = Math.min(calls * CALL, BATCH)
    this.#hold = this.#takeIfRoom(limit, bytes)
    return this.#hold === undefined ? this.#wait(limit, bytes) : undefined
  }

  async #wait(limit: Limit, bytes: number): Promise<void> {
    this.#hold = await this.#take(limit, bytes)
  }

  async room<T>(answer: T): Promise<T> {
    // Once for all calls of a batch, which must not wait for each other. What is done, and may be paid for, is never
    // answered with 503: its caller would do it again.
    this.#late ??= this.#take(this.#limits.answers, CALL, { withoutTimeout: true })
    await this.#late
    return answer
  }

  /** The lists that stand in it as text, by their marks. */
  #texts: Map<string, Buffer> | undefined

  show<T>(page: JsonPage): T[] {
    const list = new JsonList(page)
    this.#texts ??= new Map()
    this.#texts.set(list.mark, typeof page.json === 'string' ? Buffer.from(page.json) : page.json)
    // It stands for the list where the answer is made as text, which is all that is done with it.
    return list as unknown as T[]
  }

  /** The pieces of an answer, with its lists in the place of their marks. */
  withLists(text: Buffer): Buffer[] {
    if (this.#texts === undefined) return [text]
    const pieces: Buffer[] = []
    let from = 0
    for (let at = text.indexOf(MARK); at !== -1; at = text.indexOf(MARK, at + 1)) {
      const end = at + MARK_LENGTH
      const list = this.#texts.get(text.toString('latin1', at + 1, end - 1))
      // What a caller sent may look like one.
      if (list === undefined) continue
      pieces.push(text.subarray(from, at), list)
      from = end
    }
    return [...pieces, text.subarray(from)]
  }

  read(maxBytes: number, read: Parameters<Lists['read']>[1]): Promise<JsonPage> {
    const { signal } = this.#request.lifetime
    const turn = this.#turn.then(async () => {
      // What was set aside for the one call is not needed, and others are not to wait for it.
      if (!this.#isBatch) this.#hold?.release()
      const most = Math.min(maxBytes, LIST_BYTES - this.#read)
      const room = Math.min(most, this.#room - this.#read)
      if (room > 0) this.#listHold ??= await this.#take(this.#limits.lists, FIRST * COPIES)
      const first = room > 0 ? await this.#inTurn(() => read(room, signal)) : undefined
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
    const rest = bytes > SMALL ? bytes : 0
    const hasLists = this.#listHold !== undefined && this.#refused === undefined
    this.#listHold?.resize(rest)
    this.#hold?.resize(hasLists ? 0 : rest)
  }

  async #readAll(most: number, read: Parameters<Lists['read']>[1]): Promise<JsonPage> {
    if (most <= 0) throw needsLimit()
    // Nothing is read any more should there be no room: the calls of a batch do not wait for it one after another.
    this.#room = 0
    this.#listHold?.release()
    if (this.#refused !== undefined) throw this.#refused
    const room = this.#read + most
    this.#listHold = await this.#take(this.#limits.lists, room * COPIES).catch((error) => {
      this.#refused = error
      throw error
    })
    this.#room = room
    return this.#inTurn(() => read(most, this.#request.lifetime.signal))
  }

  #inTurn(read: () => Promise<JsonPage>): Promise<JsonPage> {
    return beginInTurn(this.#limits.listTurns, read, {
      caller: this.#request.caller,
      signal: this.#request.lifetime.signal,
    })
  }

  /** Takes it now if there is room: a wait, even of no time, and a signal for it are more than most requests need. */
  #takeIfRoom(limit: Limit, bytes: number): Hold | undefined {
    const { lifetime, caller } = this.#request
    if (lifetime.gone) throw lifetime.signal.reason
    const hold = limit.takeIfRoom(bytes, caller)
    if (hold !== undefined) lifetime.onOver(hold.release)
    return hold
  }

  async #take(limit: Limit, bytes: number, { withoutTimeout = false } = {}): Promise<Hold> {
    const known = this.#takeIfRoom(limit, bytes)
    if (known !== undefined) return known
    const { lifetime, caller } = this.#request
    const hold = await limit.take(bytes, { caller, signal: lifetime.signal, withoutTimeout })
    lifetime.onOver(hold.release)
    return hold
  }
}
