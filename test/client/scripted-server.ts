import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a server answers: an answer, or the end of the connection without one or in the middle of it. */
export type Reply =
  | { status: number; type?: string; body: string; headers?: Record<string, string> }
  | 'hang up'
  | 'break off'

/** A result, as the service answers a query. */
export const result = (data: unknown): Reply => ({ status: 200, body: JSON.stringify({ result: { data } }) })

/** An error, as the service answers it. */
export function failure(status: number, data: Record<string, unknown>): Reply {
  return { status, body: JSON.stringify({ error: { message: 'm', code: -32000, data } }) }
}

/** A page of a proxy, as it answers where the service behind it does not. */
export function proxyPage(status: number, headers: Record<string, string> = {}): Reply {
  return { status, type: 'text/html; charset=utf-8', body: '<h1>Sorry</h1>', headers }
}

export interface ScriptedServer {
  url: string
  /** The requests that came, in order, and when. */
  requests: { url: string; at: number }[]
  close(): Promise<void>
}

/** A server that gives its replies in order, the last one from then on; on a port of its own, or the one given. */
export async function serverThatReplies(replies: Reply[], port = 0): Promise<ScriptedServer> {
  const requests: ScriptedServer['requests'] = []
  const server: Server = createServer((request, response) => {
    const reply = replies[Math.min(requests.length, replies.length - 1)] ?? 'hang up'
    requests.push({ url: request.url ?? '', at: performance.now() })
    if (reply === 'hang up') {
      request.socket.destroy()
      return
    }
    if (reply === 'break off') {
      response
        .writeHead(200, { 'Content-Length': '100' })
        .write('{"result":{', () => request.socket.destroy())
      return
    }
    const { status, type = 'application/json', body, headers = {} } = reply
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(body)
  })
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  // A server that listens on a port has an address of that form.
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    requests,
    close() {
      server.closeAllConnections()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = await serverThatReplies(['hang up'])
  await server.close()
  return Number(new URL(server.url).port)
}
