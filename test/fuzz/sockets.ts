import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Answer, Sent } from './judge.js'

/** Longest wait for an answer, in milliseconds. */
export const PATIENCE = 5_000
/** A request that is not whole gets no answer in this time, in milliseconds; then its end is sent. */
const QUIET = 400

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** Sends a request as it is. @throws Error when no answer comes in time, or the connection breaks. */
export function send(base: URL, { method, target, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request({
      host: base.hostname,
      port: base.port,
      agent,
      method,
      path: target,
      headers: { ...headers, ...(body !== undefined && { 'Content-Length': body.length }) },
    })
    const timer = setTimeout(() => sending.destroy(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    sending.on('error', fail)
    sending.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    sending.end(body)
  })
}

/** Sends bytes, then the end of them if nothing comes back, and gives all that comes until the connection ends. */
export function sendRaw(base: URL, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(base.port), base.hostname, () => socket.write(bytes))
    let quiet = setTimeout(() => socket.end(), QUIET)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the connection stays open and silent for ${PATIENCE} ms`))
    }, PATIENCE)
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      clearTimeout(quiet)
      quiet = setTimeout(() => socket.end(), QUIET)
    })
    // Reset by the service once it has said what it thinks of the bytes.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(quiet)
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
  })
}

/** The answers in what came over a connection; undefined where it is not HTTP. */
export function answersIn(bytes: Buffer): Answer[] | undefined {
  const answers: Answer[] = []
  let rest = bytes.toString('latin1')
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n')
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(`${line} `)?.[1]
    if (end === -1 || status === undefined) return undefined
    const headers = Object.fromEntries(
      fields.map((field) => [
        field.split(':', 1)[0]?.toLowerCase() ?? '',
        field.slice(field.indexOf(':') + 1).trim(),
      ]),
    )
    const isInterim = status.startsWith('1')
    const length =
      isInterim || status === '204' || status === '304' ? 0 : Number(headers['content-length'] ?? Number.NaN)
    if (Number.isNaN(length)) return undefined
    const body = Buffer.from(rest.slice(end + 4, end + 4 + length), 'latin1')
    rest = rest.slice(end + 4 + body.length)
    if (!isInterim) answers.push({ status: Number(status), headers, body })
  }
  return answers
}
