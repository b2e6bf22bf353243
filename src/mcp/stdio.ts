import type { Readable, Writable } from 'node:stream'
import {
  INVALID_REQUEST,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  PARSE_ERROR,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server'

/** The longest message, in bytes. */
const MAX_MESSAGE = 10 * 1024 * 1024
const NEWLINE = 0x0a

/** What a client waits for no answer to, or has one at the end of the connection alone. */
const WITHOUT_ANSWER = 'subscriptions/listen'

/**
 * Messages of MCP as lines of standard input and output. Unlike the SDK's own transport, it answers what is no message
 * with an error of JSON-RPC, skips a line that is too long instead of ending, and at the end of the input still
 * answers what was asked before it.
 */
export class StdioTransport implements Transport {
  onmessage?: Transport['onmessage']
  onerror?: Transport['onerror']
  onclose?: Transport['onclose']
  /** Settled once the client has closed the input and has all answers, or reads none any more. */
  readonly ended: Promise<void>
  readonly #input: Readable
  readonly #output: Writable
  #end: () => void = () => {}
  #hasEnded = false
  #pieces: Buffer[] = []
  #length = 0
  /** The requests that are not answered yet. */
  readonly #open = new Set<RequestId>()

  constructor(input: Readable, output: Writable) {
    this.#input = input
    this.#output = output
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  async start(): Promise<void> {
    this.#output.once('error', this.#end)
    this.#input.on('data', (chunk: Buffer) => this.#read(chunk))
    const onEnd = () => {
      this.#hasEnded = true
      // The last line may have no end.
      if (this.#length > 0) this.#readLine()
      this.#endIfAnswered()
    }
    this.#input.once('end', onEnd).once('error', onEnd)
  }

  async close(): Promise<void> {
    this.#input.pause()
    this.onclose?.()
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#write(message)
    if (isJSONRPCResponse(message) && message.id !== undefined) this.#answered(message.id)
  }

  #write(message: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()))
    })
  }

  #read(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at))
      this.#readLine()
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > MAX_MESSAGE) this.#pieces = []
    else this.#pieces.push(piece)
  }

  #readLine(): void {
    const line = Buffer.concat(this.#pieces).toString()
    const isTooLong = this.#length > MAX_MESSAGE
    this.#pieces = []
    this.#length = 0
    if (isTooLong) {
      this.#refuse(INVALID_REQUEST, `A message must be at most ${MAX_MESSAGE / 1024 / 1024} MiB`)
    } else if (line.trim() !== '') this.#readMessages(line)
  }

  #readMessages(line: string): void {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      this.#refuse(PARSE_ERROR, 'The line is not valid JSON')
      return
    }
    // A batch; only the protocol's version 2025-03-26 has them.
    const messages = Array.isArray(value) && value.length > 0 ? value : [value]
    for (const message of messages) this.#receive(message)
  }

  #receive(message: unknown): void {
    if (isJSONRPCRequest(message)) {
      if (message.method !== WITHOUT_ANSWER) this.#open.add(message.id)
    } else if (isJSONRPCNotification(message)) {
      const { requestId } = message.params ?? {}
      // The SDK does not answer what is given up.
      if (message.method === 'notifications/cancelled') this.#answered(requestId as RequestId)
    } else if (!isJSONRPCResponse(message)) {
      const { id } = (message ?? {}) as { id?: unknown }
      const known = typeof id === 'string' || typeof id === 'number' ? id : null
      this.#refuse(INVALID_REQUEST, 'The line is not a message of JSON-RPC 2.0', known)
      return
    }
    this.onmessage?.(message as JSONRPCMessage)
  }

  #refuse(code: number, message: string, id: RequestId | null = null): void {
    this.#write({ jsonrpc: '2.0', id, error: { code, message } }).catch((error) => this.onerror?.(error))
  }

  #answered(id: RequestId): void {
    this.#open.delete(id)
    this.#endIfAnswered()
  }

  #endIfAnswered(): void {
    if (this.#hasEnded && this.#open.size === 0) this.#end()
  }
}
