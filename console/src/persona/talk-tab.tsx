import { useEffect, useRef } from 'preact/hooks'
import { useKeys } from '../keys.js'
import { pathTo } from '../router.js'
import { Field } from '../ui/field.js'
import { Empty, Failure } from '../ui/states.js'
import { changeConversation, conversationOf, speak, startAgain, stop } from './conversation.js'
import type { Editing } from './editing.js'
import { Foot, Messages, type Of } from './messages.js'

function Scene({ persona: { id } }: Of) {
  const { scenario, goal, messages } = conversationOf(id)
  const isSet = scenario !== '' || goal !== ''
  return (
    // Once they talk, the conversation has the room.
    <details class="scene" open={isSet && messages.length === 0}>
      <summary>Scenario and goal</summary>
      <Field label="Scenario" hint="What has happened, and what the persona knows.">
        {(described) => (
          <textarea
            {...described}
            rows={2}
            dir="auto"
            value={scenario}
            onInput={({ currentTarget }) => changeConversation(id, { scenario: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Goal" hint="What the agent has to do for the conversation to succeed.">
        {(described) => (
          <textarea
            {...described}
            rows={2}
            dir="auto"
            value={goal}
            onInput={({ currentTarget }) => changeConversation(id, { goal: currentTarget.value })}
          />
        )}
      </Field>
    </details>
  )
}

function Talk({ projectId, persona }: Of) {
  const { id, name } = persona
  const { messages, text, isWaiting, failure, ended } = conversationOf(id)
  const canOpen = messages.length === 0 && text.trim() === ''
  const send = () => void speak(projectId, id)
  const actions = useRef<HTMLParagraphElement>(null)
  const count = messages.length
  useEffect(() => {
    // The last message is seen, and what one answers it with.
    if (count > 0) actions.current?.scrollIntoView({ block: 'nearest' })
  }, [count, isWaiting])
  useKeys([{ key: 'mod+Enter', label: 'Send the message', run: send }])
  return (
    <div class="talk">
      <Scene projectId={projectId} persona={persona} />
      <Messages projectId={projectId} persona={persona} />
      {failure !== undefined && <Failure error={failure} onRetry={send} />}
      {ended === undefined && (
        <Field
          label="You, as the agent"
          hint="Every answer of the persona costs tokens of the project’s provider."
        >
          {(described) => (
            <textarea
              {...described}
              rows={3}
              dir="auto"
              placeholder={`What the agent says to ${name}`}
              value={text}
              onInput={({ currentTarget }) => changeConversation(id, { text: currentTarget.value })}
            />
          )}
        </Field>
      )}
      <p class="actions" ref={actions}>
        {ended === undefined && (
          <button
            type="button"
            class="primary"
            disabled={isWaiting || (text.trim() === '' && !canOpen)}
            onClick={send}
          >
            {canOpen ? 'Let the persona open' : 'Send'}
          </button>
        )}
        {isWaiting && (
          <button type="button" onClick={() => stop(id)}>
            Stop
          </button>
        )}
        {messages.length > 0 && (
          <button type="button" onClick={() => startAgain(id)}>
            Start again
          </button>
        )}
      </p>
      <Foot projectId={projectId} persona={persona} />
    </div>
  )
}

/** A conversation with the persona, in which one speaks as the agent under test. */
export function TalkTab({ projectId, editing: { saved, isDirty } }: { projectId: string; editing: Editing }) {
  if (saved === undefined) return null
  if (saved.systemPrompt === undefined) {
    return (
      <Empty title="Nothing to speak from yet">
        <p>
          A persona speaks from its system prompt.{' '}
          <a href={pathTo('prompt', { projectId, id: saved.id })}>Write one</a> first.
        </p>
      </Empty>
    )
  }
  return (
    <>
      {isDirty && <p class="hint">The persona speaks as it is saved: your changes are not part of it yet.</p>}
      <Talk projectId={projectId} persona={saved} />
    </>
  )
}
