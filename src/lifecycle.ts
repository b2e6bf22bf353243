import type { Server as SocketServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { listenOnOtherAddresses } from './http/server.js'
import type { PortraitService } from './portraits/service.js'
import type { Store } from './store/types.js'

/** How long running requests, and running portraits, are waited for once the service is told to stop. */
const REQUEST_GRACE = 10_000
const PORTRAIT_GRACE = 60_000

/** Starts listening, on every address of the host, and tells under which URL. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; relays: SocketServer[] }> {
  // Fastify logs each address; the start line says it all.
  const { level } = app.log
  app.log.level = 'silent'
  await app.listen({ host, port })
  app.log.level = level
  const relays = await listenOnOtherAddresses(app.server, host)
  const address = app.server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, relays }
}

interface Running {
  app: FastifyInstance
  /** Sockets that listen beside the app's own. */
  relays: SocketServer[]
  portraits: PortraitService
  store: Store
}

/** Stops taking requests, finishes those that run within their limits, and closes the store. */
export async function closeGracefully({ app, relays, portraits, store }: Running): Promise<void> {
  for (const relay of relays) relay.close()
  const cut = () => {
    if (portraits.running === 0) app.server.closeAllConnections()
  }
  const timer = setTimeout(cut, REQUEST_GRACE)
  const closed = app.close()
  const { givenUp } = await portraits.drain(PORTRAIT_GRACE)
  if (givenUp > 0) app.log.error({ givenUp }, 'portraits given up: they took too long to wait for')
  // Requests have their own grace, even where portraits took none.
  if (givenUp > 0) app.server.closeAllConnections()
  await closed
  clearTimeout(timer)
  await store.close()
}

/** Runs `close` at the first SIGTERM or SIGINT and exits 0 after it; a second signal ends the process at once. */
export function closeOnSignal(close: () => Promise<void>): void {
  let closing = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (closing) process.exit(signal === 'SIGINT' ? 130 : 143)
    closing = true
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
