import { lookup } from 'node:dns/promises'
import { createServer, METHODS, type RequestListener, type Server } from 'node:http'
import { createServer as createSocketServer, type Socket, type Server as SocketServer } from 'node:net'
import type { ConnectionError } from 'fastify'
import type { FixedError } from '../errors/error.js'
import { connectNotSupported, headersTooLarge, notHttp, requestTimedOut } from '../errors/requests.js'
import { keepConnections } from './connections.js'
import { pathOf, rawErrorResponse } from './errors.js'
import { openRequests, requestId } from './lifetime.js'

/** A request not received whole within this time is cut with 408, in milliseconds. */
const REQUEST_TIMEOUT = 29_000

// What Node makes of bytes that are no request, by its error code.
const CLIENT_ERRORS: Record<string, FixedError> = {
  ERR_HTTP_REQUEST_TIMEOUT: requestTimedOut,
  HPE_HEADER_OVERFLOW: headersTooLarge,
}

/**
 * Connections that may wait to be accepted. Beyond it the system drops them, and callers try again after 1, 3 and 7 s;
 * Node's own 511 are few, as it accepts one connection at each turn of its loop.
 */
export const BACKLOG = 4_096

/** A connection that was ended with an error before its bytes became a request. */
export interface UnparsedRequest {
  requestId: string
  method: string
  status: number
}

/** Called for each connection whose request could not be parsed. */
type OnUnparsed = (request: UnparsedRequest) => void

interface ServerOptions {
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeout?: number | undefined
  onUnparsed: OnUnparsed
}

const methods = new Set(METHODS)

/** A method as the metrics have it: each word of a caller's own would be kept for good. */
function knownMethod(word: string): string {
  return methods.has(word) ? word : 'other'
}

/** Answers bytes that never become a request, once what came before them on the connection is answered. */
export function answerClientErrors(onUnparsed: OnUnparsed): (error: ConnectionError, socket: Socket) => void {
  const refused = new WeakSet<Socket>()

  /** Ends a connection with an error, in the form of the interface that was asked. */
  function refuse(socket: Socket, error: FixedError, packet: unknown): void {
    if (!socket.writable) {
      socket.destroy()
      return
    }
    // At hand where the bytes came in one piece.
    const head = Buffer.isBuffer(packet) ? packet.toString('latin1') : ''
    // Its head arrived, and its body did not.
    const [unfinished] = openRequests(socket)
    const [word = '', target = ''] = head.split(' ', 2)
    const id = unfinished?.id ?? requestId(/^x-request-id: *([^\r\n]*)/im.exec(head)?.[1])
    const method = unfinished?.request.method ?? knownMethod(word)
    const path = unfinished?.request.url ?? target
    if (unfinished === undefined) onUnparsed({ requestId: id, method, status: error.status })
    else unfinished.status = error.status
    const answer = rawErrorResponse(error(), { id, path: pathOf({ url: path }) })
    // An answer to HEAD ends with its headers, whatever they say of a body (RFC 9110 §9.3.2).
    const sent = method === 'HEAD' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer
    socket.end(sent, () => socket.destroy())
  }

  return (error, socket) => {
    if (refused.has(socket)) return
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    refused.add(socket)
    afterAnswers(socket, () => refuse(socket, CLIENT_ERRORS[error.code ?? ''] ?? notHttp, error.rawPacket))
  }
}

/** The HTTP server under Fastify: its time limits, and a JSON answer to what never becomes a request. */
export function createHttpServer(
  handler: RequestListener,
  { requestTimeout = REQUEST_TIMEOUT, onUnparsed }: ServerOptions,
): Server {
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: requestTimeout,
      // Longer than the idle time of common load balancers (60 s), which would race a shorter one.
      keepAliveTimeout: 72_000,
      connectionsCheckingInterval: Math.min(500, requestTimeout),
      // A missing Host is answered in JSON by the app, not with an empty 400 by Node.
      requireHostHeader: false,
    },
    (request, response) => {
      // Node gives the preface of HTTP/2 as a request of a method that it does not list, and Fastify has no route for.
      if (methods.has(request.method ?? '')) handler(request, response)
      else server.emit('clientError', new Error('not HTTP/1.1'), request.socket)
    },
  )
  // Node drops headers beyond its count without a word, an If-Match among them; 16 KiB is limit enough.
  server.maxHeadersCount = 0

  keepConnections(server)
  // Node leaves a CONNECT without a listener unanswered.
  server.on('connect', (request, socket: Socket) => {
    // Node lets go of the connection: a reset by the caller would be an uncaught exception, or not be noticed, and
    // an answer before this one that is sent in pieces would wait for good.
    socket.on('error', () => socket.destroy())
    socket.resume()
    socket.on('drain', () => {
      for (const { response } of openRequests(socket)) if (response.socket === socket) response.emit('drain')
    })
    afterAnswers(socket, () => {
      if (!socket.writable) return
      const id = requestId(request.headers['x-request-id'])
      onUnparsed({ requestId: id, method: 'CONNECT', status: connectNotSupported.status })
      const answer = rawErrorResponse(connectNotSupported(), { id, path: '' })
      socket.end(answer, () => socket.destroy())
    })
  })
  // The app refuses what it does not know.
  server.on('checkExpectation', handler)
  return server
}

/** Runs `then` once what arrived whole on the connection is answered: answers keep the order of requests. */
function afterAnswers(socket: Socket, then: () => void): void {
  const before = [...openRequests(socket)].filter(({ request }) => request.complete)
  let left = before.length
  if (left === 0) then()
  for (const lifetime of before) {
    lifetime.onOver(() => {
      left -= 1
      if (left > 0) return
      // An answer that ended the connection was the last one.
      if (before.at(-1)?.response.shouldKeepAlive === false) socket.destroySoon()
      else then()
    })
  }
}

/**
 * The other addresses of a name (`localhost` is often both ::1 and 127.0.0.1), served by the same server.
 * An address that cannot be had is left out.
 */
export async function listenOnOtherAddresses(server: Server, host: string): Promise<SocketServer[]> {
  const own = server.address()
  if (own === null || typeof own === 'string') return []
  const addresses = await lookup(host, { all: true }).catch(() => [])
  const others = addresses.filter(({ address }) => address !== own.address)
  const listening = others.map(async ({ address }) => {
    // Handing the socket over keeps one set of limits for all addresses.
    const relay = createSocketServer((socket) => server.emit('connection', socket))
    await new Promise<void>((resolve, reject) => {
      relay.once('error', reject)
      relay.listen(own.port, address, BACKLOG, resolve)
    })
    return relay
  })
  const settled = await Promise.allSettled(listening)
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
