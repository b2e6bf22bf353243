import { connect, type Socket } from 'node:net'

/** What a client begins with, and goes on with. */
export interface Drip {
  begin: string
  drip: string
}

export const project = '/api/projects/slow'
export const head = (line: string) => `${line} HTTP/1.1\r\nHost: slow\r\n`
const json = 'Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n{"name":"'
/** What each kind of client begins with, and goes on with once a second. */
export const kinds: Record<string, Drip> = {
  'sends nothing': { begin: '', drip: '' },
  'dribbles its request line': { begin: 'GET /api/projects', drip: 'x' },
  'dribbles its headers': { begin: `${head('GET /healthz')}X-Slow: `, drip: 'x' },
  'dribbles its body': { begin: head(`POST ${project}/personas`) + json, drip: 'x' },
  'dribbles an upload': { begin: head(`POST ${project}/images`) + json, drip: 'x' },
  'dribbles a call': { begin: head('POST /trpc/personas.create') + json, drip: 'x' },
}

/** A client of the attack. */
export interface Client {
  kind: string
  socket: Socket
  /** Milliseconds until it was cut. */
  cutAfter?: number
}

/** Connects a client that begins with some bytes, and goes on with others once a second. */
export function attack(service: URL, kind: string, { begin, drip }: Drip): Client {
  const started = Date.now()
  const socket = connect(Number(service.port), service.hostname, () => socket.write(begin))
  const client: Client = { kind, socket }
  const timer = setInterval(() => socket.write(drip), 1_000)
  socket.on('error', () => undefined)
  socket.resume().on('close', () => {
    clearInterval(timer)
    client.cutAfter = Date.now() - started
  })
  return client
}
