import { connect, type Socket } from 'node:net'

/** A request that is sent repeatedly, as bytes. */
export interface Shot {
  method?: string
  /** A path, or a function that returns another each time. */
  path: string | (() => string)
  /** A body, or a function that returns another each time. */
  body?: string | (() => string)
  headers?: Record<string, string>
}

export interface Load {
  port: number
  shot: Shot
  connections: number
  /** How long to send requests, in ms. */
  ms: number
}

export interface Measured {
  perSecond: number
  /** Latencies in ms, ascending. */
  latencies: number[]
}

function each<T>(given: T | (() => T)): () => T {
  // Strings are not functions.
  return typeof given === 'function' ? (given as () => T) : () => given
}

function bytesOf({ method = 'GET', path, body, headers = {} }: Shot): () => string {
  const target = each(path)
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = () => `${method} ${target()} HTTP/1.1\r\nHost: localhost\r\n${own.join('')}`
  if (body === undefined) {
    const fixed = typeof path === 'string' ? `${head()}\r\n` : undefined
    return () => fixed ?? `${head()}\r\n`
  }
  const text = each(body)
  return () => {
    const payload = text()
    return `${head()}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`
  }
}

/** Where an answer with this head ends, by its length or at its last chunk; -1 while it is incomplete. */
function endOf(pending: Buffer, bodyAt: number, head: string): number {
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = bodyAt + Number(length)
    return pending.length < end ? -1 : end
  }
  if (!/transfer-encoding: chunked/i.test(head)) throw new Error(`An answer without a length: ${head}`)
  const last = pending.indexOf('0\r\n\r\n', bodyAt)
  // Our bodies are JSON: no chunk contains such a line.
  return last === -1 ? -1 : last + 5
}

/** Reads one keep-alive answer after another; calls back with the status of each once it is complete. */
function onAnswers(socket: Socket, answered: (status: number, text: string) => void) {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const bodyAt = pending.indexOf('\r\n\r\n') + 4
    if (bodyAt === 3) return
    const head = pending.toString('latin1', 0, bodyAt)
    const end = endOf(pending, bodyAt, head)
    if (end === -1) return
    const status = Number(head.slice(9, 12))
    const text = status < 300 ? '' : pending.toString('utf8', bodyAt, end)
    if (!(status >= 100) || pending.length > end) throw new Error(`Not an answer: ${head.slice(0, 100)}`)
    pending = Buffer.alloc(0)
    answered(status, text)
  })
}

/**
 * Sends a request repeatedly over some connections, one at a time on each, for a while.
 * @throws Error for any answer that is not a success: errors are fast, and would look like speed.
 */
export async function fire({ port, shot, connections, ms }: Load): Promise<Measured> {
  const next = bytesOf(shot)
  const latencies: number[] = []
  const sockets = await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket)).setNoDelay(true)
          socket.once('error', reject)
        }),
    ),
  )
  const began = performance.now()
  const until = began + ms
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sent = performance.now()
          socket.on('close', () => reject(new Error('The service closed a connection')))
          onAnswers(socket, (status, text) => {
            const now = performance.now()
            latencies.push(now - sent)
            if (status >= 300)
              reject(new Error(`${each(shot.path)()} answered ${status}: ${text.slice(0, 200)}`))
            else if (now >= until) resolve()
            else {
              sent = now
              socket.write(next())
            }
          })
          socket.write(next())
        }),
    ),
  )
  const seconds = (performance.now() - began) / 1000
  for (const socket of sockets) {
    socket.removeAllListeners('close')
    socket.destroy()
  }
  return { perSecond: latencies.length / seconds, latencies: latencies.sort((a, b) => a - b) }
}

export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
