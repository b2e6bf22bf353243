import { setImmediate } from 'node:timers/promises'
import type { FixedError, ServiceError } from './errors/error.js'

/** A part of a limit that is taken until it is released. */
export interface Hold {
  /** Changes how much is held, once it is known better; never waits, even where it grows. */
  resize(cost: number): void
  /** Gives it back; a second call does nothing. */
  release(): void
}

export interface LimitOptions {
  /** Names it in the metrics. */
  name: string
  /** The most that may be held at once, in the unit of the limit: requests, bytes, … */
  capacity: number
  /** Most that may wait at once; beyond it the answer is 503. */
  maxWaiting?: number
  /** Longest wait in milliseconds; beyond it the answer is 503. */
  maxWaitMs?: number
  /** Whether one caller may hold only `SHARE` of it, so that others are admitted however long the caller holds that. */
  isShared?: boolean
  /** The error for callers who cannot be admitted. */
  error: FixedError
}

export interface TakeOptions {
  /** Whom it is taken for: callers who wait are served in turn, whatever each of them asks for. */
  caller?: string
  /** Ends the wait; `take` then throws the signal's reason. */
  signal?: AbortSignal | undefined
  /** Waits without a time limit: for work that must not be refused any more. */
  withoutTimeout?: boolean
}

/** The part of a shared limit, and of the places to wait for any, that is the most for one caller. */
const SHARE = 0.75

/**
 * Callers that are remembered though they hold nothing: most come again at once, and a map that lives long and changes
 * with every request keeps what it once held until all of the heap is collected.
 */
const MAX_IDLE = 1_000

interface Waiter extends TakeOptions {
  caller: string
}

interface Waiting {
  cost: number
  admit: () => void
}

/**
 * Admits tasks as long as the costs of those admitted add up to at most the capacity; the rest wait. Callers
 * take turns, so that one who asks for much does not keep others waiting; tasks of one caller are admitted in the
 * order in which they came. A cost beyond what one caller may hold counts as all of that.
 */
export class Limit {
  readonly name: string
  readonly capacity: number
  #used = 0
  #waiting = 0
  readonly #queues = new Map<string, Waiting[]>()
  /** How much each caller holds; up to `MAX_IDLE` of them hold nothing. */
  readonly #held = new Map<string, number>()
  /** The most that one caller may hold. */
  readonly #most: number
  readonly #options: LimitOptions

  constructor(options: LimitOptions) {
    this.name = options.name
    this.capacity = options.capacity
    this.#most = Math.max(1, Math.floor(options.capacity * (options.isShared === true ? SHARE : 1)))
    this.#options = options
  }

  /** How much is held now. */
  get used(): number {
    return this.#used
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting
  }

  /** The error for a caller who cannot be admitted. */
  overloaded(): ServiceError {
    return this.#options.error({ cause: { limit: this.name } })
  }

  /** Takes it now, if nobody waits and there is room; undefined otherwise. */
  takeIfRoom(cost: number, caller = ''): Hold | undefined {
    const wanted = Math.min(cost, this.#most)
    return this.#hasRoom(wanted, caller) ? this.#hold(wanted, caller) : undefined
  }

  /** The same. @throws ServiceError SERVICE_UNAVAILABLE where it cannot be had. */
  takeNow(cost: number, { caller }: Pick<TakeOptions, 'caller'> = {}): Hold {
    const hold = this.takeIfRoom(cost, caller)
    if (hold === undefined) throw this.overloaded()
    return hold
  }

  /**
   * Takes it as soon as there is room.
   * @throws ServiceError SERVICE_UNAVAILABLE where too many wait, or the wait is too long.
   */
  async take(cost: number, { caller = '', signal, withoutTimeout = false }: TakeOptions = {}): Promise<Hold> {
    signal?.throwIfAborted()
    const wanted = Math.min(cost, this.#most)
    if (this.#hasRoom(wanted, caller)) return this.#hold(wanted, caller)
    if (!withoutTimeout && !this.#mayWait(caller)) throw this.overloaded()
    return this.#wait(wanted, { caller, signal, withoutTimeout })
  }

  /** Runs a task within the limit. What it returns or throws passes through. */
  async run<T>(cost: number, work: () => Promise<T>, options: TakeOptions = {}): Promise<T> {
    const hold = await this.take(cost, options)
    try {
      return await work()
    } finally {
      hold.release()
    }
  }

  #isWithinShare(cost: number, caller: string): boolean {
    return (this.#held.get(caller) ?? 0) + cost <= this.#most
  }

  /** Whether a caller may have it now, before whom nobody waits who could be admitted. */
  #hasRoom(cost: number, caller: string): boolean {
    if (this.#used + cost > this.capacity || !this.#isWithinShare(cost, caller)) return false
    return this.#waiting === 0 || (!this.#queues.has(caller) && this.#next() === undefined)
  }

  #mayWait(caller: string): boolean {
    const { maxWaiting = Number.POSITIVE_INFINITY } = this.#options
    const own = this.#queues.get(caller)?.length ?? 0
    return this.#waiting < maxWaiting && own < Math.max(1, maxWaiting * SHARE)
  }

  #hold(cost: number, caller: string): Hold {
    let held = 0
    let released = false
    const set = (to: number) => {
      const all = (this.#held.get(caller) ?? 0) + to - held
      if (all === 0 && this.#held.size > MAX_IDLE) this.#held.delete(caller)
      else this.#held.set(caller, all)
      this.#used += to - held
      held = to
    }
    set(cost)
    return {
      resize: (to) => {
        if (released) return
        set(Math.min(to, this.#most))
        this.#admit()
      },
      release: () => {
        if (released) return
        released = true
        set(0)
        this.#admit()
      },
    }
  }

  #wait(cost: number, { caller, signal, withoutTimeout }: Waiter): Promise<Hold> {
    return new Promise((resolve, reject) => {
      const maxWaitMs = withoutTimeout ? undefined : this.#options.maxWaitMs
      const leave = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#waiting -= 1
      }
      const giveUp = (reason: unknown) => {
        leave()
        this.#remove(caller, entry)
        reject(reason)
        // Those behind it may fit where it did not.
        this.#admit()
      }
      const onAbort = () => giveUp(signal?.reason)
      const timer =
        maxWaitMs === undefined ? undefined : setTimeout(() => giveUp(this.overloaded()), maxWaitMs)
      const entry: Waiting = {
        cost,
        admit: () => {
          leave()
          resolve(this.#hold(cost, caller))
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting += 1
      const queue = this.#queues.get(caller)
      if (queue === undefined) this.#queues.set(caller, [entry])
      else queue.push(entry)
      this.#admit()
    })
  }

  #remove(caller: string, entry: Waiting): void {
    const queue = this.#queues.get(caller)?.filter((each) => each !== entry) ?? []
    if (queue.length === 0) this.#queues.delete(caller)
    else this.#queues.set(caller, queue)
  }

  /**
   * Admits the next tasks, callers in turn. Nobody is overtaken, as a large task would wait forever, but those who hold
   * their share already.
   */
  #admit(): void {
    while (this.#waiting > 0) {
      const next = this.#next()
      if (next === undefined || this.#used + next.entry.cost > this.capacity) return
      const { caller, queue, entry } = next
      queue.shift()
      // The caller goes to the end of the line with what it still waits for.
      this.#queues.delete(caller)
      if (queue.length > 0) this.#queues.set(caller, queue)
      entry.admit()
    }
  }

  #next(): { caller: string; queue: Waiting[]; entry: Waiting } | undefined {
    for (const [caller, queue] of this.#queues) {
      const [entry] = queue
      if (entry !== undefined && this.#isWithinShare(entry.cost, caller)) return { caller, queue, entry }
    }
    return undefined
  }
}

/** Work that keeps this process busy for so many milliseconds is followed by a pause. */
const LONG = 5

/**
 * Begins work that may keep this process busy, such as a large read from an embedded database, in its turn: once
 * nothing else of its kind begins, and the requests that came meanwhile have been looked at. What it waits for
 * outside this process is not part of the turn. After a long one others have their time: Node accepts one
 * connection at a time, so that a single look at what came is not enough.
 */
export async function beginInTurn<T>(
  turns: Limit,
  work: () => Promise<T>,
  options?: TakeOptions,
): Promise<T> {
  const turn = await turns.take(1, options)
  await setImmediate()
  const began = performance.now()
  const result = work()
  const took = performance.now() - began
  if (took < LONG) turn.release()
  else setTimeout(turn.release, took / 4)
  return result
}
