import { useState } from 'preact/hooks'
import { useLoaded } from '../loading.js'
import { type Persona, service } from '../service.js'
import { Field, issuesOf } from '../ui/field.js'
import { Copy, Failure, Loading } from '../ui/states.js'
import type { Editing } from './editing.js'

/** Characters that a system prompt may have. */
const MAX = 100_000

function lengthOf(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

function Rendered({ projectId, persona }: { projectId: string; persona: Persona }) {
  const { id, version } = persona
  const { value, error, reload } = useLoaded(`${id} ${version}`, (signal) =>
    service.value.personas.prompt.query({ projectId, id }, { signal }),
  )
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading what="the prompt" />
  return (
    <>
      <p class="hint">
        What the model is told to play this persona, from what is saved. <Copy text={value.system} />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must get there */}
      <pre class="prompt" dir="auto" tabIndex={0}>
        {value.system}
      </pre>
    </>
  )
}

/** The system prompt, and below it the whole prompt that is made of it. */
export function PromptTab({ projectId, editing }: { projectId: string; editing: Editing }) {
  const { draft, issues, change, saved } = editing
  const [isOpen, setOpen] = useState(false)
  const count = lengthOf(draft.systemPrompt)
  return (
    <>
      <Field
        label="System prompt"
        hint={`${count.toLocaleString('en')} of ${MAX.toLocaleString('en')} characters`}
        issues={issuesOf(issues, 'systemPrompt')}
      >
        {(described) => (
          <textarea
            {...described}
            class="system-prompt"
            dir="auto"
            placeholder="You are Ida. Your parcel is late, and it is the third time…"
            value={draft.systemPrompt}
            onInput={({ currentTarget }) => change({ systemPrompt: currentTarget.value })}
          />
        )}
      </Field>
      {saved?.systemPrompt !== undefined && (
        <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary>Whole prompt of a conversation</summary>
          {isOpen && <Rendered projectId={projectId} persona={saved} />}
        </details>
      )}
    </>
  )
}
