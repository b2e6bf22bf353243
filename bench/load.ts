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

/** Where an answer with this head ends, by its length; undefined for one in chunks. */
function endOf(head: string, bodyAt: number): number | undefined {
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return bodyAt + Number(length)
  if (!/transfer-encoding: chunked/i.test(head)) throw new Error(`An answer without a length: ${head}`)
  return undefined
}

/** Reads one keep-alive answer after another; calls back with the status of each once it is complete. */
function onAnswers(socket: Socket, answered: (status: number, text: string) => void) {
  // Joined only where they are looked at: what the client copies and throws away would be measured as well.
  let pieces: Buffer[] = []
  let size = 0
  let needed = 0
  const joined = () => {
    if (pieces.length > 1) pieces = [Buffer.concat(pieces)]
    return pieces[0] ?? Buffer.alloc(0)
  }
  socket.on('data', (chunk: Buffer) => {
    pieces.push(chunk)
    size += chunk.length
    if (size < needed) return
    const pending = pieces.length > 1 && needed > 0 ? (pieces[0] ?? chunk) : joined()
    const bodyAt = pending.indexOf('\r\n\r\n') + 4
    if (bodyAt === 3) return
    const head = pending.toString('latin1', 0, bodyAt)
    const known = endOf(head, bodyAt)
    // Our bodies are JSON: no chunk contains such a line.
    const last = known === undefined ? joined().indexOf('0\r\n\r\n', bodyAt) : -1
    const end = known ?? (last === -1 ? Number.POSITIVE_INFINITY : last + 5)
    if (known !== undefined) needed = known
    if (size < end) return
    const status = Number(head.slice(9, 12))
    const text = status < 300 ? '' : joined().toString('utf8', bodyAt, end)
    if (!(status >= 100) || size > end) throw new Error(`Not an answer: ${head.slice(0, 100)}`)
    pieces = []
    size = 0
    needed = 0
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
