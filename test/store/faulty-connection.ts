import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A fault of the connection that commands meet. */
export interface CommandFault {
  /** The command that fails, counted from 0, and how many in a row do. */
  at: number
  count: number
  /** Whether the connection ends before the server gets the command, or once it has answered. */
  when: 'before' | 'after'
}

export interface FaultyConnection {
  port: number
  arm(fault: CommandFault | undefined): void
  /** Ends the faults; returns the commands that met one, by name. */
  disarm(): string[]
  close(): Promise<void>
}

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const OP_MSG = 2013
const HEADER = 16
/** Header, flags and the kind of the first section; the document's length and the first element's type. */
const COMMAND_NAME = HEADER + 4 + 1 + 4 + 1
/** What the driver asks for itself, at times of its own. */
const OWN_COMMANDS = new Set(['hello', 'isMaster', 'ismaster', 'ping', 'endSessions', 'killCursors'])

/** The name of the command in a message; undefined for what no call of the store sent. */
function commandOf(message: Buffer): string | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined
  const name = message.toString('latin1', COMMAND_NAME, message.indexOf(0, COMMAND_NAME))
  return OWN_COMMANDS.has(name) ? undefined : name
}

/** Calls `onMessage` with each whole message of a stream. */
function splitMessages(socket: Socket, onMessage: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      onMessage(message)
    }
  })
}

/** A way to the MongoDB server on a port of 127.0.0.1, on which chosen commands lose their connection. */
export async function startFaultyConnection(targetPort: number): Promise<FaultyConnection> {
  let armed: CommandFault | undefined
  let seen = 0
  let failed: string[] = []
  const sockets = new Set<Socket>()

  const faultFor = (name: string): CommandFault['when'] | undefined => {
    if (armed === undefined) return undefined
    const { at, count, when } = armed
    const fails = seen >= at && seen < at + count
    seen += 1
    if (!fails) return undefined
    failed.push(name)
    return when
  }

  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    const end = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    // A connection carries one command at a time.
    let endsOnAnswer = false
    splitMessages(near, (message) => {
      const name = commandOf(message)
      const fault = name === undefined ? undefined : faultFor(name)
      if (fault === 'before') return end()
      if (fault === 'after') endsOnAnswer = true
      far.write(message)
    })
    splitMessages(far, (message) => {
      if (endsOnAnswer) end()
      else near.write(message)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A TCP server's address is an object.
    port: (server.address() as AddressInfo).port,
    arm(fault) {
      armed = fault
      seen = 0
      failed = []
    },
    disarm() {
      armed = undefined
      return failed
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
