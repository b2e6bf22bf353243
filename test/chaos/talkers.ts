import { setTimeout as delay } from 'node:timers/promises'
import { type Asked, bytesOf, NoAnswer, sendUnread } from '../support/ask.js'
import { requestOf, through } from './requests.js'
import { type Caller, mannerOf, send } from './site.js'

const BIG = 'big'
const messages = [{ role: 'assistant', content: 'How can I help?' }]

function completion({ site, random }: Caller, stream: boolean): Asked {
  const body = JSON.stringify({
    model: `${random.of(site.bigIds)}${random.of(['', '', '@1', '@9'])}`,
    messages: [{ role: 'user', content: 'How can I help?' }],
    stream,
    ...(stream && random.below(2) === 0 && { stream_options: { include_usage: true } }),
  })
  return { path: `/api/projects/${BIG}/openai/v1/chat/completions`, body }
}

/** Has a persona speak, in each of the ways there are. */
export async function talk(caller: Caller): Promise<void> {
  const { site, random } = caller
  const persona = { projectId: BIG, id: random.of(site.bigIds) }
  const simulate = { ...persona, messages, goal: 'A refund', maxTurns: random.of([1, 8, 40]) }
  const asked = random.of<() => Asked>([
    () => requestOf('personas.prompt', [persona], through(random)),
    () => requestOf('personas.simulate', [simulate], random.of(['rest', 'trpc'])),
    () => requestOf('personas.simulate', Array(1 + random.below(5)).fill(simulate), 'batch'),
    () => requestOf('personas.generate', [{ projectId: BIG, brief: 'Angry customers', count: 3 }], 'rest'),
    () => completion(caller, false),
    () => completion(caller, true),
    () => ({ path: `/api/projects/${BIG}/openai/v1/models${random.of(['', '/nobody'])}` }),
  ])()
  const answered = await send(site, asked, mannerOf(random)).catch((error) => {
    if (!(error instanceof NoAnswer)) throw error
  })
  if (answered?.headers['content-type']?.includes('event-stream') !== true) return
  const text = answered.body.toString()
  const isEnded = text.endsWith('data: [DONE]\n\n') || text.includes('data: {"error":')
  site.ledger.check(isEnded, `a stream ended without a word: ${text.slice(-200)}`)
}

/** Begins to listen to a persona, reads nothing of it or only the beginning, and goes. */
export async function talkAndLeave(caller: Caller): Promise<void> {
  const { site, random } = caller
  const requests = Array.from({ length: 1 + random.below(3) }, () => bytesOf(completion(caller, true)))
  const socket = sendUnread(site.base, Buffer.concat(requests))
  if (random.below(2) === 0) socket.resume()
  await delay(random.below(3_000))
  if (random.below(2) === 0) socket.end()
  else socket.resetAndDestroy()
}
