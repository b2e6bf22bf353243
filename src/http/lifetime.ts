import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The caller's own id of a request (`X-Request-Id`) where it can stand in a log and a header; a new one otherwise. */
export function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:~+/=-]{1,128}$/.test(header) ? header : randomUUID()
}

/**
 * The requests of each connection that are not answered yet. In lists, as a Set that lives long and changes with
 * every request keeps what it once held until all of the heap is collected.
 */
const connections = new WeakMap<Socket, Lifetime[]>()

function requestsOn(socket: Socket): Lifetime[] {
  const known = connections.get(socket)
  if (known !== undefined) return known
  const open: Lifetime[] = []
  connections.set(socket, open)
  // One listener for all: a caller may pipeline thousands. Node emits no `close` on a response that was queued
  // behind another and never got the socket, so the socket's own ends what is left.
  socket.once('close', () => {
    for (const lifetime of [...open]) lifetime.leave()
  })
  return open
}

/** Why the signal of a request fires. One for all: an abort without a reason makes an exception with its stack. */
const OVER = new Error('The request is over')

const none: readonly Lifetime[] = []

/** The requests of a connection that are not answered yet, in their order. */
export function openRequests(socket: Socket): readonly Lifetime[] {
  return connections.get(socket) ?? none
}

/**
 * How long a request lasts: until it is answered, its caller is gone, or its connection has ended before it
 * got an answer; and until what it started has ended as well. Whatever is counted or held for a request ends
 * with it, by `onOver`.
 */
export class Lifetime {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Names the request in the log, and to its caller. */
  readonly id: string
  /** The status of the answer that ended its connection, where that was not the request's own. */
  status: number | undefined
  /** Whether an error ends its connection, even under a body that is still coming. */
  endsConnection = false
  /** Since when its answer waits for its reader, in milliseconds of `performance.now()`, as far as is known. */
  unreadSince: number | undefined
  /** The open requests of its connection, of which it is one. */
  readonly #open: Lifetime[] | undefined
  #working = 0
  #gone = false
  #ends: (() => void)[] = []
  #abort: AbortController | undefined

  constructor(id: string, request: IncomingMessage, response: ServerResponse) {
    this.id = id
    this.request = request
    this.response = response
    const leave = () => this.leave()
    response.on('close', leave)
    const { socket } = request
    if (socket.closed) process.nextTick(leave)
    else {
      this.#open = requestsOn(socket)
      this.#open.push(this)
    }
  }

  /** Whether nothing is sent to the caller any more. */
  get gone(): boolean {
    return this.#gone
  }

  /** Fires when the answer is sent or its caller has left. It is made when it is first asked for: most requests never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#gone) this.#abort.abort(OVER)
    return this.#abort.signal
  }

  /** Runs `end` once when the request is over; at once where it is over already. */
  onOver(end: () => void): void {
    if (this.#gone && this.#working === 0) end()
    else this.#ends.push(end)
  }

  /** Runs the work of the request. The request is not over before the work ends, even if its caller has left. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1
    try {
      return await work()
    } finally {
      this.#working -= 1
      this.#settle()
    }
  }

  /** Notes that nothing is sent any more. A second call does nothing. */
  leave(): void {
    if (this.#gone) return
    this.#gone = true
    const at = this.#open?.indexOf(this) ?? -1
    if (at !== -1) this.#open?.splice(at, 1)
    this.#abort?.abort(OVER)
    this.#settle()
  }

  #settle(): void {
    if (!this.#gone || this.#working > 0) return
    const ends = this.#ends
    this.#ends = []
    for (const end of ends) end()
  }
}
