import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { BSON } from 'mongodb'

export interface Fault {
  /** Name of the command to fail, such as `insert`; without it, the next one of any name. */
  command?: string
  /** Whether the connection is cut before the server gets the command, or after it has carried it out. */
  when: 'before' | 'after'
  /** How many such commands pass first. */
  skip?: number
}

export interface FaultyMongo {
  url: string
  /** Cuts the connection of one command to come. Each call adds a fault, which happens once. */
  failNext(fault: Fault): void
  /** Does a work before the server gets the command that comes after `skip` others. */
  interrupt(skip: number, work: () => Promise<void>): void
  /**
   * For so many ms from now on it is with indexes as in a mongod that builds them: those asked for are listed, the
   * answer comes once they are built, and queries that name an index are refused until then. Where the building
   * `fails`, there is no answer and no index.
   */
  buildIndexes(ms: number, how?: { fails: boolean }): void
  /** How many commands have come, those of the driver's own watch not counted. */
  commands(): number
  /** Forgets the faults that have not happened. */
  heal(): void
  close(): Promise<void>
}

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const HEADER_BYTES = 16
const OP_MSG = 2013
/** Where the document of an OP_MSG begins: behind the header, the flags and the kind of the section. */
const DOCUMENT_AT = HEADER_BYTES + 4 + 1
/** What the driver sends by itself, to watch the server. */
const MONITORING = new Set(['hello', 'ismaster', 'isMaster'])

/** Name of a message's command; undefined for what is no command of a test. */
function commandOf(message: Buffer): string | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined
  // The first field of the document has the command's name; its length and the field's type are before it.
  const start = DOCUMENT_AT + 4 + 1
  const name = message.toString('latin1', start, message.indexOf(0, start))
  return MONITORING.has(name) ? undefined : name
}

/** A query that names the index to be used. */
const HINT = Buffer.from('\x02hint\0')

/** The answer of a mongod to a query that names an index which is not there, or not built yet. */
function refusal(message: Buffer): Buffer {
  const errmsg = 'error processing query: hint provided does not correspond to an existing index'
  const document = BSON.serialize({ ok: 0, errmsg, code: 2, codeName: 'BadValue' })
  const head = Buffer.alloc(DOCUMENT_AT)
  head.writeInt32LE(DOCUMENT_AT + document.length, 0)
  head.writeInt32LE(message.readInt32LE(4), 8)
  head.writeInt32LE(OP_MSG, 12)
  return Buffer.concat([head, document])
}

/** Calls `onMessage` with each whole message of the wire protocol that a socket receives. */
function readMessages(socket: Socket, onMessage: (message: Buffer) => void): void {
  let chunks: Buffer[] = []
  let size = 0
  let wanted = 4
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    size += chunk.length
    // Joined only once a message is whole, as one with a picture comes in hundreds of chunks.
    while (size >= wanted) {
      const received = Buffer.concat(chunks)
      const length = received.readInt32LE(0)
      wanted = length
      if (size >= length) {
        onMessage(received.subarray(0, length))
        chunks = [received.subarray(length)]
        size -= length
        wanted = 4
      } else chunks = [received]
    }
  })
}

/**
 * A way to the MongoDB of a URL on which single commands fail as they do on a network: the connection ends
 * before the server has the command, or before its reply arrives.
 */
export async function startFaultyMongo(url: string): Promise<FaultyMongo> {
  const [, host = '', port = '', rest = ''] = /^mongodb:\/\/([^:/@]+):(\d+)(\/.*)?$/.exec(url) ?? []
  if (host === '') throw new Error(`Only a single MongoDB without credentials can be put behind it: ${url}`)
  const faults: Required<Fault>[] = []
  const sockets = new Set<Socket>()
  let commands = 0
  let building = { until: 0, fails: false }
  let interruption: { at: number; work: () => Promise<void> } | undefined

  /** The fault that this command meets, if any; the others count it. */
  function faultOf(command: string): Required<Fault> | undefined {
    const fitting = faults.filter((fault) => fault.command === '' || fault.command === command)
    const met = fitting.find(({ skip }) => skip === 0)
    for (const fault of fitting) fault.skip = Math.max(0, fault.skip - 1)
    if (met !== undefined) faults.splice(faults.indexOf(met), 1)
    return met
  }

  const server = createServer((near) => {
    const far = connect(Number(port), host)
    const unanswered = new Set<number>()
    const slow = new Set<number>()
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    readMessages(near, (message) => {
      const command = commandOf(message)
      if (command !== undefined) commands += 1
      const fault = command === undefined ? undefined : faultOf(command)
      if (fault?.when === 'before') {
        near.destroy()
        return
      }
      if (fault?.when === 'after') unanswered.add(message.readInt32LE(4))
      if (Date.now() < building.until) {
        if (command === 'createIndexes' && building.fails) return
        if (command === 'createIndexes') slow.add(message.readInt32LE(4))
        if (command === 'find' && message.includes(HINT)) {
          near.write(refusal(message))
          return
        }
      }
      if (command === undefined || interruption?.at !== commands) {
        far.write(message)
        return
      }
      // A connection has one command at a time, so that none can overtake this one.
      const forward = () => far.write(message)
      interruption.work().then(forward, () => near.destroy())
      interruption = undefined
    })
    readMessages(far, (message) => {
      const answered = message.readInt32LE(8)
      if (unanswered.has(answered)) near.destroy()
      else if (slow.has(answered)) setTimeout(() => near.write(message), building.until - Date.now())
      else near.write(message)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is an object.
  const { port: nearPort } = server.address() as AddressInfo
  // Direct: a replica set would name its members, past the proxy.
  const path = rest === '' ? '/' : rest
  const direct = `${path}${path.includes('?') ? '&' : '?'}directConnection=true`

  return {
    url: `mongodb://127.0.0.1:${nearPort}${direct}`,
    failNext({ command = '', when, skip = 0 }) {
      faults.push({ command, when, skip })
    },
    interrupt(skip, work) {
      interruption = { at: commands + skip + 1, work }
    },
    buildIndexes(ms, { fails } = { fails: false }) {
      building = { until: Date.now() + ms, fails }
    },
    commands: () => commands,
    heal() {
      faults.length = 0
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
