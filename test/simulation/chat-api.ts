import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import {
  errorReply,
  type OpenAiApi,
  type RecordedRequest,
  type Reply,
  send,
  startOpenAiApi,
} from '../portraits/images-api.js'

/** What the model does with one request. */
export type ChatReply =
  /** Says a text, in pieces where it is asked to stream; one that is cut ends with `length`. */
  | { kind: 'says'; text: string; finish?: string; refusal?: string; delayMs?: number }
  /** Says pieces with a pause before each, and breaks off after them unless it says how it ends. */
  | { kind: 'streams'; pieces: string[]; everyMs?: number; finish?: string }
  | Exclude<Reply, { kind: 'picture' }>

export interface ChatApi extends OpenAiApi {
  /** Queues replies, one a request; with none queued the model says a turn, or a text where none was asked for. */
  reply(...replies: ChatReply[]): void
  /** From now on it is a gateway that does not know these fields. */
  forget(...fields: string[]): void
  /** The messages of the last request, as role and content. */
  lastMessages(): [role: string, content: string][]
}

/** A turn as a model that keeps to the schema writes it. */
export function turn(message: string, reason = 'continue'): ChatReply {
  return { kind: 'says', text: JSON.stringify({ message, done: reason !== 'continue', reason }) }
}

export const DEFAULT_TEXT = 'I need my money back.'

/** Fields of OpenAI's chat completions that are of use here; any other is refused, as OpenAI does. */
const FIELDS = new Set([
  'model',
  'messages',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'stream',
  'stream_options',
])

/** Models that reason are called so here; they take none of these. */
const REASONING = /^reasoner/
const NOT_OF_REASONING = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'stop',
  'max_tokens',
]

function refusedField(fields: Record<string, unknown>, unknown: Set<string>): Reply | undefined {
  const invalid = (code: string, param: string, message: string) =>
    errorReply(400, { message, type: 'invalid_request_error', param, code })
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name) || unknown.has(name)) {
      return invalid('unknown_parameter', name, `Unknown parameter: '${name}'.`)
    }
    if (REASONING.test(String(fields.model)) && NOT_OF_REASONING.includes(name)) {
      const message = `Unsupported parameter: '${name}' is not supported with this model.`
      return invalid('unsupported_parameter', name, message)
    }
  }
  if ('max_tokens' in fields && 'max_completion_tokens' in fields) {
    return invalid('invalid_parameter', 'max_tokens', 'Setting both limits is not possible.')
  }
  if ('stream_options' in fields && fields.stream !== true) {
    return invalid('invalid_parameter', 'stream_options', 'Only allowed when stream is enabled.')
  }
  return undefined
}

/** What is wrong with messages by the API, or with what a careful gateway asks beside it. */
function faultOfMessages(messages: unknown): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0) return 'messages must be a list'
  const roles = messages.map(({ role }) => role)
  if (roles[0] !== 'system' || roles.lastIndexOf('system') !== 0)
    return 'one system message, at the beginning'
  if (roles.at(-1) !== 'user') return 'the last message must be of the user'
  for (const [at, { role, content, ...rest }] of messages.entries()) {
    if (at > 0 && role !== (at % 2 === 1 ? 'user' : 'assistant')) return 'user and assistant must alternate'
    if (typeof content !== 'string' || content === '') return `messages[${at}].content must be a text`
    if (Object.keys(rest).length > 0) return `messages[${at}] has unknown fields`
  }
  return undefined
}

/** What is wrong with a JSON schema by OpenAI's strict mode. */
function faultOfSchema(schema: any): string | undefined {
  if (schema.type === 'array') return faultOfSchema(schema.items)
  if (schema.type !== 'object') {
    const known = ['type', 'enum', 'description']
    return Object.keys(schema).find((key) => !known.includes(key))
  }
  const names = Object.keys(schema.properties)
  if (schema.additionalProperties !== false) return 'additionalProperties must be false'
  if (names.join() !== (schema.required ?? []).join()) return 'all properties must be required'
  return Object.values(schema.properties)
    .map(faultOfSchema)
    .find((fault) => fault !== undefined)
}

function faultOfFormat(format: any): string | undefined {
  if (format === undefined || format.type === 'text') return undefined
  if (format.type !== 'json_schema' || format.json_schema?.strict !== true) return 'strict json_schema only'
  if (!/^[\w-]{1,64}$/.test(format.json_schema.name)) return 'json_schema.name'
  return faultOfSchema(format.json_schema.schema)
}

/** Starts a local server that speaks OpenAI's chat completions, and is as strict about them. */
export async function startChatApi(): Promise<ChatApi> {
  let queue: ChatReply[] = []
  const unknown = new Set<string>()

  const api = await startOpenAiApi(/^\/v1\/chat\/completions$/, async (request, response) => {
    const { fields } = request
    const refused = refusedField(fields, unknown)
    if (refused !== undefined) return send(refused, response)
    const fault = faultOfMessages(fields.messages) ?? faultOfFormat(fields.response_format)
    if (fault !== undefined) {
      return send(errorReply(400, { message: fault, type: 'invalid_request_error', code: 'bad' }), response)
    }
    const other = fields.response_format === undefined ? says(DEFAULT_TEXT) : turn(DEFAULT_TEXT)
    const reply = queue.shift() ?? other
    if (reply.kind === 'says' || reply.kind === 'streams') await speak(reply, request, response)
    else await send(reply, response)
  })
  return {
    ...api,
    reply: (...replies) => {
      queue.push(...replies)
    },
    forget: (...names) => {
      for (const name of names) unknown.add(name)
    },
    lastMessages: () => {
      const messages: any = api.requests.at(-1)?.fields.messages ?? []
      return messages.map(({ role, content }: any) => [role, content])
    },
    reset: () => {
      api.reset()
      queue = []
      unknown.clear()
    },
  }
}

/** A text as a reply. */
export function says(
  text: string,
  more: { finish?: string; refusal?: string; delayMs?: number } = {},
): ChatReply {
  return { kind: 'says', text, ...more }
}

type Spoken = Extract<ChatReply, { kind: 'says' | 'streams' }>
const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }

async function speak(reply: Spoken, { fields }: RecordedRequest, response: ServerResponse): Promise<void> {
  const about = { id: 'chatcmpl-1', created: 1_772_000_000, model: `${fields.model}-2026-03-01` }
  const { finish = reply.kind === 'says' ? 'stop' : undefined } = reply
  if (fields.stream !== true) {
    if (reply.kind === 'streams') throw new Error('The request does not ask for a stream')
    await delay(reply.delayMs ?? 0)
    const { text, refusal = null } = reply
    const message = { role: 'assistant', content: refusal === null ? text : null, refusal, annotations: [] }
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }]
    const body = { ...about, object: 'chat.completion', choices, usage: USAGE, service_tier: 'default' }
    return send({ kind: 'answer', status: 200, body }, response)
  }
  const options: any = fields.stream_options
  const usage = options?.include_usage === true ? { usage: null } : {}
  const sendChunk = (delta: object, finish_reason: string | null = null) => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason }]
    const chunk = { ...about, object: 'chat.completion.chunk', choices, ...usage }
    return response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  sendChunk({ role: 'assistant', content: '', refusal: null })
  if (reply.kind === 'says' && reply.refusal !== undefined) sendChunk({ refusal: reply.refusal })
  const pieces = reply.kind === 'streams' ? reply.pieces : (reply.text.match(/\s*\S+\s*/g) ?? [])
  const wait = reply.kind === 'streams' ? (reply.everyMs ?? 0) : 0
  for (const piece of pieces) {
    if (wait > 0) await delay(wait)
    if (response.destroyed) return
    if (!sendChunk({ content: piece })) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  if (finish === undefined) {
    // What was said is to arrive before the end.
    await delay(50)
    return void response.destroy()
  }
  sendChunk({}, finish)
  if (options?.include_usage === true) {
    response.write(`data: ${JSON.stringify({ ...about, choices: [], usage: USAGE })}\n\n`)
  }
  response.end('data: [DONE]\n\n')
}

function once(response: ServerResponse, event: string): Promise<void> {
  return new Promise((resolve) => response.once(event, () => resolve()))
}
