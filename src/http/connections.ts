import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { openRequests } from './lifetime.js'

/** Connections open at once, on all addresses together; each takes about 17 kB of memory. */
const MAX_CONNECTIONS = 4_096

const connections = new WeakMap<Server, Set<Socket>>()

/** Whether nothing is asked on a connection: it waits for a request, or never sent one whole. */
function isIdle(socket: Socket): boolean {
  return openRequests(socket).length === 0
}

/** Makes room for a new connection where one is idle: the one opened first. */
function endIdle(open: Set<Socket>): void {
  for (const socket of open) {
    if (!isIdle(socket)) continue
    open.delete(socket)
    socket.destroy()
    return
  }
}

/** The connections of a server that are open now. */
export function openConnections(server: Server): Iterable<Socket> {
  return connections.get(server) ?? []
}

/** Keeps account of the connections of a server, bounds how many there are, and ends them when it is told to. */
export function keepConnections(server: Server): void {
  const open = new Set<Socket>()
  connections.set(server, open)
  server.on('connection', (socket: Socket) => {
    if (open.size >= MAX_CONNECTIONS) endIdle(open)
    if (open.size >= MAX_CONNECTIONS) {
      socket.destroy()
      return
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  // Node's own, which closing the server calls too, cuts an answer that is made and not sent yet.
  server.closeIdleConnections = () => {
    for (const socket of open) {
      if (socket.writable && isIdle(socket)) socket.destroySoon()
    }
  }
  // Node's own does not know the connections on which a CONNECT came.
  server.closeAllConnections = () => {
    for (const socket of open) socket.destroy()
  }
}

/** Waits until every connection of a server has ended, and what was counted for its requests is given back. */
export async function connectionsEnded(server: Server): Promise<void> {
  const open = [...openConnections(server)]
  await Promise.all(open.map((socket) => new Promise((ended) => socket.once('close', ended))))
}
