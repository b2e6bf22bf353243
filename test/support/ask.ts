import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A request to a service in another process. */
export interface Asked {
  method?: string
  path: string
  /** JSON unless `headers` give another type. */
  body?: Buffer | string
  headers?: Record<string, string>
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** How a request is sent; by default whole, at once, and its answer is read. */
export interface Manner {
  /** Sends the body without its length, in pieces with pauses of so many milliseconds. */
  dribbleMs?: number
  /** Resets the connection so many milliseconds after the request was begun. */
  resetAfterMs?: number
  /** Ends the sending side of the connection once the request is sent. */
  halfClose?: boolean
  /** Gives up after so many milliseconds. */
  timeoutMs?: number
  /** Counts what comes and keeps none of it. */
  discard?: boolean
}

/** No whole answer came: whether the request took effect is not known. */
export class NoAnswer extends Error {
  /** The connection stayed open, and the answer did not come in time. */
  timedOut = false
}

const PIECES = 5

/** Sends a request on a connection of its own. @throws NoAnswer where no whole answer comes. */
export function ask(base: string, asked: Asked, manner: Manner = {}): Promise<Answered> {
  const { method = asked.body === undefined ? 'GET' : 'POST', path, body, headers } = asked
  return new Promise((resolve, reject) => {
    const length = body === undefined || manner.dribbleMs !== undefined ? undefined : Buffer.byteLength(body)
    const sending = request(new URL(base), {
      method,
      path,
      agent: false,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(length !== undefined && { 'Content-Length': length }),
        ...headers,
      },
    })
    const timers: NodeJS.Timeout[] = []
    const fail = (cause?: unknown, timedOut = false) => {
      for (const timer of timers) clearTimeout(timer)
      sending.destroy()
      const error = new NoAnswer(`${method} ${path.slice(0, 80)} got no whole answer`, { cause })
      reject(Object.assign(error, { timedOut }))
    }
    timers.push(setTimeout(() => fail(undefined, true), manner.timeoutMs ?? 60_000))
    if (manner.resetAfterMs !== undefined) {
      timers.push(setTimeout(() => sending.socket?.resetAndDestroy(), manner.resetAfterMs))
    }
    sending.on('error', (error) => fail(error))
    sending.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => manner.discard !== true && chunks.push(chunk))
      response.on('error', (error) => fail(error))
      response.on('close', () => {
        if (!response.complete) return fail()
        for (const timer of timers) clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    if (manner.halfClose === true) sending.on('finish', () => sending.socket?.end())
    if (body === undefined || manner.dribbleMs === undefined) sending.end(body)
    else void dribble(sending, Buffer.from(body), manner.dribbleMs)
  })
}

/** Sends a body in pieces, one after another: timers set beforehand fire in another order once this process is late. */
async function dribble(sending: ClientRequest, bytes: Buffer, everyMs: number): Promise<void> {
  const size = Math.ceil(bytes.length / PIECES)
  for (let piece = 0; piece < PIECES; piece += 1) {
    if (sending.destroyed) return
    sending.write(bytes.subarray(piece * size, (piece + 1) * size))
    await delay(everyMs)
  }
  sending.end()
}

/** The same, for an answer in JSON. @throws Error unless the status is a success. */
export async function askJson(base: string, asked: Asked): Promise<any> {
  const { status, body } = await ask(base, asked)
  if (status < 200 || status > 299)
    throw new Error(`${asked.path.slice(0, 80)}: ${status} ${body.toString().slice(0, 200)}`)
  return body.length === 0 ? undefined : JSON.parse(body.toString())
}

/** A request as the bytes of HTTP/1.1; `chunked` sends the body without its length. */
export function bytesOf({ method, path, body, headers }: Asked, { chunked = false } = {}): Buffer {
  const payload = Buffer.from(body ?? '')
  const lines = {
    Host: 'localhost',
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...headers,
  }
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${payload.length}`
  const head = [
    `${method ?? (body === undefined ? 'GET' : 'POST')} ${path} HTTP/1.1`,
    ...Object.entries(lines).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [framing]),
  ]
  const parts = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`)]
  if (body !== undefined && chunked) {
    parts.push(Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n0\r\n\r\n'))
  } else parts.push(payload)
  return Buffer.concat(parts)
}

/** Sends bytes on a new connection whose answers nobody reads until it is resumed. */
export function sendUnread(base: string, bytes: Buffer): Socket {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname, () => socket.write(bytes))
  socket.on('error', () => undefined)
  return socket.pause()
}

/** A tRPC batch in one GET. */
export function batchOf(procedure: string, inputs: unknown[]): Asked {
  const input = encodeURIComponent(JSON.stringify(Object.fromEntries(inputs.entries())))
  return { path: `/trpc/${inputs.map(() => procedure).join(',')}?batch=1&input=${input}` }
}

/** A tRPC batch in one POST. */
export function batchedMutations(procedure: string, inputs: unknown[]): Asked {
  const path = `/trpc/${inputs.map(() => procedure).join(',')}?batch=1`
  return { path, body: JSON.stringify(Object.fromEntries(inputs.entries())) }
}
