import { Socket } from 'node:net'
import { MongoClient } from 'mongodb'
import { afterEach, expect, inject, it, vi } from 'vitest'
import { reconnectWhenHung } from '../../../src/store/mongo/reconnect.js'
import { freshMongoUrl } from './server.js'

const mongo = inject('mongo')
if ('unavailable' in mongo) throw new Error(mongo.unavailable)
const { url: anyUrl } = mongo

const ends: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ends.splice(0)) await end()
})

/** A client whose heartbeats are often enough for a test. */
async function connect(): Promise<MongoClient> {
  const url = new URL(freshMongoUrl(anyUrl))
  url.searchParams.set('heartbeatFrequencyMS', '500')
  url.searchParams.set('serverSelectionTimeoutMS', '500')
  url.searchParams.set('maxPoolSize', '1')
  url.searchParams.set('waitQueueTimeoutMS', '500')
  const client = await new MongoClient(url.href, { monitorCommands: false }).connect()
  ends.push(() => client.close())
  return client
}

/**
 * What the driver meets where it writes to a socket that is destroyed and whose `close` is still to come: the next
 * write that holds one of the texts is told that it must wait for `drain`, which never comes.
 */
function loseNextWrite(...texts: string[]): Promise<void> {
  const write = Socket.prototype.write
  return new Promise((resolve) => {
    let done = false
    vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args: unknown[]) {
      const [bytes] = args
      if (!done && Buffer.isBuffer(bytes) && texts.some((text) => bytes.includes(text))) {
        done = true
        this.destroy()
        resolve()
        return false
      }
      return Reflect.apply(write, this, args)
    })
  })
}

const ping = (client: MongoClient) =>
  client
    .db('admin')
    .command({ ping: 1 })
    .then(
      ({ ok }) => ok,
      () => 0,
    )

it('opens the connections again where a heartbeat never ends', async () => {
  const client = await connect()
  const { stop } = reconnectWhenHung(client, 1_000)
  ends.push(stop)
  // The second is what a heartbeat is called on servers that do not know the first.
  await loseNextWrite('hello', 'ismaster')
  // The pool's connections end with the server's, and then nothing but a heartbeat finds it again.
  await expect.poll(() => ping(client)).toBe(1)
  await expect.poll(() => heartbeats(client)).toBeGreaterThan(1)
})

it('opens the connections again where a statement keeps its connection for good', async () => {
  const client = await connect()
  await ping(client)
  const { stop } = reconnectWhenHung(client, 1_000)
  ends.push(stop)
  const lost = loseNextWrite('ping')
  void ping(client)
  await lost
  await expect.poll(() => ping(client)).toBe(1)
})

it('leaves alone a client whose heartbeats and statements end', async () => {
  const client = await connect()
  const { stop } = reconnectWhenHung(client, 1_000)
  ends.push(stop)
  let closed = 0
  client.on('topologyClosed', () => {
    closed += 1
  })
  const until = Date.now() + 2_500
  while (Date.now() < until) expect(await ping(client)).toBe(1)
  expect(closed).toBe(0)
})

/** How many heartbeats succeed within a second and a half. */
async function heartbeats(client: MongoClient): Promise<number> {
  let count = 0
  const counted = () => {
    count += 1
  }
  client.on('serverHeartbeatSucceeded', counted)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  client.off('serverHeartbeatSucceeded', counted)
  return count
}
