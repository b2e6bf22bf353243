import { connect, type Socket } from 'node:net'

/** A connection on which bytes are sent as they are. */
export interface RawConnection {
  socket: Socket
  /** All that came back, once the connection has ended; an error ends it as well. */
  received: Promise<string>
}

/** Connects to a service and sends bytes, of latin1, as they are. */
export function openRaw(url: string, bytes: string): RawConnection {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  const received = new Promise<string>((resolve) => socket.on('close', () => resolve(text)))
  return { socket, received }
}

/** The same with a byte more every `everyMs`, from a sender that takes its time. */
export function dribble(url: string, bytes: string, everyMs: number): RawConnection {
  const connection = openRaw(url, bytes)
  const timer = setInterval(() => connection.socket.write('x'), everyMs)
  connection.socket.on('close', () => clearInterval(timer))
  return connection
}

/** Sends bytes and gives all that comes back until the connection ends, or for `ms`. */
export async function exchangeRaw(url: string, bytes: string, ms = 2_000): Promise<string> {
  const { socket, received } = openRaw(url, bytes)
  const timer = setTimeout(() => socket.destroy(), ms)
  return received.finally(() => clearTimeout(timer))
}
