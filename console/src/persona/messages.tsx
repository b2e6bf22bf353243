import { Portrait } from '../portrait.js'
import type { Persona } from '../service.js'
import { Copy } from '../ui/states.js'
import { asMarkdown, asTestCase, conversationOf, type Message } from './conversation.js'

const ENDS: Record<string, string> = {
  goal_reached: 'goal reached',
  gave_up: 'the persona gave up',
  out_of_scope: 'the agent cannot help with this',
  max_turns: 'the last turn was reached',
}

/** Whose conversation it is. */
export interface Of {
  projectId: string
  persona: Persona
}

function Bubble({ message, projectId, persona }: Of & { message: Message }) {
  const isPersona = message.role === 'user'
  return (
    <li class={isPersona ? 'said by-persona' : 'said by-agent'}>
      {isPersona && <Portrait projectId={projectId} persona={persona} size={64} />}
      <div class="bubble">
        <span class="visually-hidden">{isPersona ? persona.name : 'You, as the agent'}: </span>
        <p dir="auto">{message.content}</p>
      </div>
    </li>
  )
}

/** What has been said. */
export function Messages({ projectId, persona }: Of) {
  const { messages, isWaiting, ended } = conversationOf(persona.id)
  return (
    <ol class="messages" aria-live="polite" aria-label="Conversation">
      {messages.map((message, at) => (
        <Bubble key={at} message={message} projectId={projectId} persona={persona} />
      ))}
      {isWaiting && (
        <li class="note" role="status">
          {persona.name} is writing…
        </li>
      )}
      {ended !== undefined && <li class="note">Ended: {ENDS[ended] ?? ended}</li>}
    </ol>
  )
}

/** What it cost, and ways to keep it. */
export function Foot({ persona }: Of) {
  const conversation = conversationOf(persona.id)
  const { messages, scenario, goal, tokens } = conversation
  if (messages.length === 0) return null
  return (
    <p class="foot">
      <span class="hint">{tokens.toLocaleString('en')} tokens</span>
      <Copy
        text={JSON.stringify(
          { persona: persona.id, version: persona.version, scenario, goal, messages },
          null,
          2,
        )}
        label="Copy as JSON"
      />
      <Copy text={asMarkdown(persona, conversation)} label="Copy as Markdown" />
      <Copy text={asTestCase(persona, conversation)} label="Copy as promptfoo test" />
    </p>
  )
}
