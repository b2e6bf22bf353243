import { computed, signal } from '@preact/signals'
import type { PersonaTurn } from '../../../src/client/types.js'
import { type Persona, service } from '../service.js'

/** A message as the agent sees it: `user` is the persona, `assistant` the tester, who speaks as the agent. */
export interface Message {
  role: 'user' | 'assistant'
  content: string
}

/** A conversation with a persona, as far as it went. */
export interface Conversation {
  scenario: string
  goal: string
  messages: Message[]
  /** What is being written. */
  text: string
  isWaiting: boolean
  failure?: unknown
  /** Why it is over, once it is. */
  ended?: PersonaTurn['reason']
  tokens: number
}

const NEW: Conversation = { scenario: '', goal: '', messages: [], text: '', isWaiting: false, tokens: 0 }

/** The conversations of this page by the ids of their personas: they stay while one looks elsewhere. */
const all = signal<ReadonlyMap<string, Conversation>>(new Map())
const running = new Map<string, AbortController>()

/** Whether there are conversations that a reload would lose. */
export const hasConversations = computed(() =>
  [...all.value.values()].some(({ messages, text }) => messages.length > 0 || text.trim() !== ''),
)

export function conversationOf(id: string): Conversation {
  return all.value.get(id) ?? NEW
}

export function changeConversation(id: string, part: Partial<Conversation>): void {
  all.value = new Map(all.value).set(id, { ...conversationOf(id), ...part })
}

/** Sends what is written, if anything is, and waits for the persona's next message. Without messages the persona opens. */
export async function speak(projectId: string, id: string): Promise<void> {
  const { text, messages: before, scenario, goal, isWaiting, ended } = conversationOf(id)
  const isAnswered = before.at(-1)?.role === 'user'
  if (isWaiting || ended !== undefined || (isAnswered && text.trim() === '')) return
  const said: Message[] = text.trim() === '' ? [] : [{ role: 'assistant', content: text }]
  const messages = [...before, ...said]
  const stopping = new AbortController()
  running.set(id, stopping)
  changeConversation(id, { messages, text: '', isWaiting: true, failure: undefined })
  try {
    const scene = { ...(scenario.trim() && { scenario }), ...(goal.trim() && { goal }) }
    const turn = await service.value.personas.simulate.mutate(
      { projectId, id, messages, ...scene },
      { signal: stopping.signal },
    )
    if (stopping.signal.aborted) return
    changeConversation(id, {
      messages: [...messages, ...(turn.message === undefined ? [] : [turn.message])],
      tokens: conversationOf(id).tokens + (turn.usage?.totalTokens ?? 0),
      isWaiting: false,
      ...(turn.done && { ended: turn.reason }),
    })
  } catch (failure) {
    // Stopped or failed, what was written is there to be sent again.
    const back = { messages: before, text: text || conversationOf(id).text, isWaiting: false }
    if (running.get(id) === stopping) {
      changeConversation(id, stopping.signal.aborted ? back : { ...back, failure })
    }
  } finally {
    if (running.get(id) === stopping) running.delete(id)
  }
}

/** Gives up the answer that is waited for. */
export function stop(id: string): void {
  running.get(id)?.abort()
}

/** Begins again with the same scenario and goal. */
export function startAgain(id: string): void {
  const { scenario, goal } = conversationOf(id)
  const stopping = running.get(id)
  running.delete(id)
  stopping?.abort()
  changeConversation(id, { ...NEW, scenario, goal, ended: undefined, failure: undefined })
}

/** The conversation as people read it. */
export function asMarkdown({ name }: Persona, { messages }: Conversation): string {
  return messages
    .map(({ role, content }) => `**${role === 'user' ? name : 'Agent'}:** ${content}`)
    .join('\n\n')
}

/** The conversation as a test case of promptfoo: the agent's next answer to it is judged by the goal. */
export function asTestCase({ name }: Persona, { messages, goal, scenario }: Conversation): string {
  const line = (key: string, value: string) => `    ${key}: ${JSON.stringify(value)}\n`
  return [
    `- description: ${JSON.stringify(`Conversation with ${name}`)}\n`,
    '  vars:\n',
    line('persona', name),
    ...(scenario === '' ? [] : [line('scenario', scenario)]),
    line('messages', JSON.stringify(messages)),
    ...(goal === '' ? [] : [`  assert:\n    - type: llm-rubric\n      value: ${JSON.stringify(goal)}\n`]),
  ].join('')
}
