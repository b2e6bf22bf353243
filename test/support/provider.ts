import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { pictureAnswer } from '../portraits/images-api.js'
import { type ChatBehaviour, converse } from './chat.js'

/** What the provider does with a request for a picture. */
export type Behaviour = 'draws' | 'is slow' | 'fails' | 'hangs up' | 'sends zeros'

/** A provider of pictures and conversations for load: it keeps nothing of what it is sent. */
export interface Provider {
  url: string
  /** Chooses what is done with each request for a picture. */
  behave: () => Behaviour
  /** Chooses what is done with each conversation. */
  behaveInChat: () => ChatBehaviour
  /** How many calls are neither answered nor given up by their caller. */
  openCalls(): number
  close(): void
}

const ZEROS = 16 * 1024 * 1024
const REPEATS = 96

/** Starts it on a free port. */
export async function startProvider(): Promise<Provider> {
  const drawn = JSON.stringify(await pictureAnswer())
  const answers: Record<Behaviour, (response: ServerResponse) => Promise<void>> = {
    draws: async (response) => void response.setHeader('Content-Type', 'application/json').end(drawn),
    'is slow': async (response) => {
      await delay(2_000)
      await answers.draws(response)
    },
    fails: async (response) => {
      response
        .writeHead(500, { 'Content-Type': 'application/json' })
        .end('{"error":{"message":"failed","type":"server_error"}}')
    },
    'hangs up': async (response) => void response.destroy(),
    'sends zeros': sendZeros,
  }
  let open = 0
  const provider: Provider = {
    url: '',
    behave: () => 'draws',
    behaveInChat: () => 'speaks',
    openCalls: () => open,
    close: () => undefined,
  }
  const server = createServer(async (request, response) => {
    open += 1
    response
      .on('error', () => undefined)
      .once('close', () => {
        open -= 1
      })
    if (request.url?.endsWith('/chat/completions')) {
      const fields = await json(request).catch(() => undefined)
      // It is the service's own, and so an object.
      if (fields !== undefined)
        await converse(fields as Record<string, unknown>, response, provider.behaveInChat())
      return
    }
    request.on('error', () => undefined).resume()
    await once(request, 'end').catch(() => undefined)
    await answers[provider.behave()](response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on TCP, its address is never a pipe's name.
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  provider.close = () => {
    server.close()
    server.closeAllConnections()
  }
  return provider
}

let zeros: Buffer | undefined

/** 1.5 GB of spaces within JSON, in 1.5 MB: gzip allows one member after another. */
async function sendZeros(response: ServerResponse): Promise<void> {
  const gzip = createGzip()
  gzip.end('{"created":1')
  const head = Buffer.concat(await gzip.toArray())
  zeros ??= gzipSync(Buffer.alloc(ZEROS, '0'))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
  response.end(Buffer.concat([head, ...Array.from({ length: REPEATS }, () => zeros ?? head)]))
}
