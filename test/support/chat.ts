import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** What a provider does with a conversation. */
export type ChatBehaviour =
  | 'speaks'
  | 'is slow'
  | 'fails'
  | 'finds it too long'
  | 'breaks off'
  | 'hangs'
  | 'never ends'

type Fields = Record<string, any>

const TEXT = 'Where is my parcel?'
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
/** What a piece takes at the longest, in milliseconds, where the provider is slow. */
const SLOW_MS = 150

/** A draft for each combination that is asked for, none of which resembles another. */
function draftsFor(messages: { content: string }[]): object {
  const asked = messages.at(-1)?.content ?? ''
  const numbers = [...asked.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
  return {
    drafts: numbers.map((combination) => {
      const words = Array.from({ length: 12 }, (_, at) => `w${combination}x${at}`)
      const name = `Draft ${combination}`
      return { combination, name, description: 'A customer.', systemPrompt: `You are ${words.join(' ')}.` }
    }),
  }
}

/** What a model answers, in the form that a request asks for. */
function contentFor({ response_format, messages }: Fields): string {
  switch (response_format?.json_schema?.name) {
    case 'turn':
      return JSON.stringify({ message: TEXT, done: false, reason: 'continue' })
    case 'axes':
      return JSON.stringify({ axes: [{ name: 'patience', values: ['none', 'some', 'much'] }] })
    case 'drafts':
      return JSON.stringify(draftsFor(messages))
    default:
      return TEXT
  }
}

function chunk(delta: object, finish_reason: string | null = null): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`
}

async function stream(fields: Fields, response: ServerResponse, behaviour: ChatBehaviour): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const words = contentFor(fields).match(/\s*\S+/g) ?? []
  const isOver = () => response.destroyed
  for (let at = 0; !isOver() && (at < words.length || behaviour === 'never ends'); at += 1) {
    if (!response.write(chunk({ content: words[at % words.length] })))
      await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined)
    if (behaviour === 'is slow') await delay(Math.random() * SLOW_MS)
  }
  if (behaviour === 'breaks off') return void response.destroy()
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
}

/** Answers a request of OpenAI's chat completions, in the form that it asks for. */
export async function converse(
  fields: Fields,
  response: ServerResponse,
  behaviour: ChatBehaviour = 'speaks',
): Promise<void> {
  if (behaviour === 'hangs') return
  if (behaviour === 'fails') {
    response.writeHead(500, { 'Content-Type': 'application/json' })
    return void response.end('{"error":{"message":"failed","type":"server_error"}}')
  }
  if (behaviour === 'finds it too long') {
    response.writeHead(400, { 'Content-Type': 'application/json' })
    const message = 'The maximum context length of this model is 8192 tokens, and your messages have more.'
    return void response.end(JSON.stringify({ error: { message, code: 'context_length_exceeded' } }))
  }
  if (fields.stream === true) return stream(fields, response, behaviour)
  if (behaviour === 'is slow') await delay(10 * SLOW_MS)
  const message = { role: 'assistant', content: contentFor(fields), refusal: null }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  const about = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: fields.model }
  const body = JSON.stringify({ ...about, choices, usage: USAGE })
  response.writeHead(200, { 'Content-Type': 'application/json' })
  if (behaviour === 'speaks' || behaviour === 'is slow') return void response.end(body)
  response.write(body.slice(0, 40))
  if (behaviour === 'breaks off') response.destroy()
}
