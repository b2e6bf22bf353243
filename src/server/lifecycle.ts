import type { Server as SocketServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { connectionsEnded } from '../http/connections.js'
import { BACKLOG, listenOnOtherAddresses } from '../http/server.js'
import type { PortraitService } from '../portraits/service.js'
import type { Store } from '../store/store.js'

/** How long running requests, and running portraits, may take to finish once the service is told to stop. */
const REQUEST_GRACE = 10_000
const PORTRAIT_GRACE = 60_000
/** How long answers about portraits may take to go out once those are done. */
const ANSWER_GRACE = 1_000
/** How often connections are looked for that nothing runs on any more. */
const SWEEP = 100

/** Starts listening on every address of the host, and returns the URL. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; relays: SocketServer[] }> {
  // Fastify logs each address; the start line says it all.
  const { level } = app.log
  app.log.level = 'silent'
  await app.listen({ host, port, backlog: BACKLOG })
  app.log.level = level
  const relays = await listenOnOtherAddresses(app.server, host)
  const address = app.server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, relays }
}

interface Running {
  app: FastifyInstance
  /** Servers that listen on the other addresses of the host. */
  relays: SocketServer[]
  portraits: PortraitService
  store: Store
}

/** Stops taking requests, finishes those that run within their limits, and closes the store. */
export async function closeGracefully({ app, relays, portraits, store }: Running): Promise<void> {
  const began = Date.now()
  const relaysClosed = relays.map((relay) => new Promise<void>((done) => relay.close(() => done())))
  const closed = app.close()
  // Callers keep a connection open after its last answer, or before their first request.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP)
  const { givenUp } = await portraits.drain(PORTRAIT_GRACE)
  if (givenUp > 0) app.log.error({ givenUp }, 'portraits given up: they took too long to wait for')
  const left = began + REQUEST_GRACE - Date.now()
  const cut = setTimeout(() => app.server.closeAllConnections(), Math.max(left, ANSWER_GRACE))
  await Promise.all([closed, ...relaysClosed])
  // The server is closed before its last connections say so, and their requests are logged.
  await connectionsEnded(app.server)
  clearInterval(sweep)
  clearTimeout(cut)
  await store.close()
}
