import type { MongoClient } from 'mongodb'

/** Longer than anything that the driver waits for by itself, and than any call of ours, in ms. */
const HUNG_MS = 20_000
const RETRY_MS = 1_000

/** Follows a driver's client; `stop` ends that. */
export interface Reconnecting {
  stop(): void
}

/**
 * Closes and opens a client's connections again when one of its heartbeats, or a connection that a statement took,
 * does not end within `hungMs`.
 *
 * The driver (7.9) writes to a socket that is destroyed and whose `close` is still to come, gets false, and waits for a
 * `drain` without a limit. A heartbeat that ends so is the last one: the server counts as unreachable until the
 * process is restarted. A statement that ends so keeps its place in the pool for good. Both happen when a server
 * ends its connections under load.
 */
export function reconnectWhenHung(client: MongoClient, hungMs = HUNG_MS): Reconnecting {
  /** When each thing that the driver waits for began. */
  const began = new Map<string, number>()
  const begin = (key: string) => began.set(key, Date.now())
  const end = (key: string) => began.delete(key)
  client.on('serverHeartbeatStarted', ({ connectionId }) => begin(`heartbeat ${connectionId}`))
  client.on('serverHeartbeatSucceeded', ({ connectionId }) => end(`heartbeat ${connectionId}`))
  client.on('serverHeartbeatFailed', ({ connectionId }) => end(`heartbeat ${connectionId}`))
  client.on('serverClosed', ({ address }) => end(`heartbeat ${address}`))
  client.on('connectionCheckedOut', ({ address, connectionId }) => begin(`${address} ${connectionId}`))
  client.on('connectionCheckedIn', ({ address, connectionId }) => end(`${address} ${connectionId}`))

  let stopped = false
  let reconnecting = false

  async function reconnect(): Promise<void> {
    reconnecting = true
    await client.close().catch(() => undefined)
    began.clear()
    while (!stopped && !(await client.connect().then(Boolean, () => false))) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
    // Stopped in between, it would stay open.
    if (stopped) await client.close().catch(() => undefined)
    reconnecting = false
  }

  const timer = setInterval(() => {
    const oldest = Math.min(...began.values())
    if (!reconnecting && Date.now() - oldest > hungMs) void reconnect()
  }, hungMs / 4).unref()

  return {
    stop() {
      stopped = true
      clearInterval(timer)
    },
  }
}
