import { lookup } from 'node:dns/promises'
import { createServer, type RequestListener, type Server, ServerResponse } from 'node:http'
import { createServer as createSocketServer, type Socket, type Server as SocketServer } from 'node:net'
import { type RawError, rawErrorResponse } from './errors.js'

/** A request not received whole within this time is cut with 408, in milliseconds. */
const REQUEST_TIMEOUT = 29_000
/** An answer that its client has not taken whole this long after it was made is cut off, in milliseconds. */
const ANSWER_TIMEOUT = 60_000

// What Node makes of bytes that are no request, by its error code.
const REFUSALS: Record<string, RawError> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'TIMEOUT',
    message: 'The request was not received whole within 30 seconds',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'BAD_REQUEST',
    message: 'URL and headers must take at most 16 KiB together',
  },
}
const MALFORMED: RawError = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The request is not well-formed HTTP',
}

/** What Node tells of bytes that it could not read: they are at hand where they came in one piece. */
interface ClientError extends NodeJS.ErrnoException {
  rawPacket?: Buffer
}

/** Lets go of an answer that nobody reads: each holds its connection and its bytes. */
class BoundedResponse extends ServerResponse {
  override end(...given: unknown[]): this {
    // The overloads of end() are its own to tell apart.
    super.end(...(given as [unknown, BufferEncoding, () => void]))
    // Small ones are with the system by now, whoever reads them.
    if (this.writableLength > 0) {
      const timer = setTimeout(() => this.destroy(), ANSWER_TIMEOUT)
      this.once('close', () => clearTimeout(timer))
    }
    return this
  }
}

/**
 * The HTTP server under Fastify: its time limits, and a JSON answer to what never becomes a request.
 *
 * @param requestTimeout milliseconds in which a request must have arrived whole
 */
export function createHttpServer(handler: RequestListener, requestTimeout = REQUEST_TIMEOUT): Server {
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: requestTimeout,
      // Longer than the idle time of common load balancers (60 s), which would race a shorter one.
      keepAliveTimeout: 72_000,
      connectionsCheckingInterval: Math.min(500, requestTimeout),
      // A missing Host is answered in JSON by the app, not with an empty 400 by Node.
      requireHostHeader: false,
      ServerResponse: BoundedResponse,
    },
    handler,
  )
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    const answer = rawErrorResponse(REFUSALS[error.code ?? ''] ?? MALFORMED)
    // An answer to HEAD ends with its headers, whatever they say of a body (RFC 9110 §9.3.2).
    const isHead = error.rawPacket?.toString('latin1', 0, 5) === 'HEAD '
    socket.end(isHead ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer, () => socket.destroy())
  })
  // Node leaves a CONNECT without a listener unanswered.
  server.on('connect', (_request, socket) => {
    socket.end(
      rawErrorResponse({ status: 405, code: 'METHOD_NOT_SUPPORTED', message: 'CONNECT is not supported' }),
    )
  })
  server.on('checkExpectation', (_request, response) => {
    response.socket?.end(
      rawErrorResponse({ status: 417, code: 'BAD_REQUEST', message: 'Expect may be 100-continue only' }),
    )
  })
  return server
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
      relay.listen(own.port, address, resolve)
    })
    return relay
  })
  const settled = await Promise.allSettled(listening)
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
