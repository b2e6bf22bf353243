import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  port: number
  /** Swallows all bytes, as a server does that hangs. */
  hang(): void
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>
  /** Lets new connections through again. */
  restore(): Promise<void>
}

/** A way to a server on 127.0.0.1 that a test can block. */
export async function startProxy(targetPort: number): Promise<TcpProxy> {
  let hung = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (!hung) to.write(bytes)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    // A TCP server's address is an object.
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  return {
    port,
    hang() {
      hung = true
    },
    async cut() {
      server.close()
      endAll()
      if (server.listening) await once(server, 'close')
    },
    async restore() {
      hung = false
      endAll()
      if (!server.listening) await listen(port)
    },
  }
}
