import { useState } from 'preact/hooks'
import { isPersonasError, type PersonasIssue, service } from '../service.js'
import { say, sayWithUndo } from '../toasts.js'
import { Field, issuesOf } from '../ui/field.js'
import { Failure } from '../ui/states.js'
import { changeDrafting, draftingOf, editDraft, type KeptDraft } from './drafting.js'

/** A draft, to take, edit or leave. */
export function DraftCard({ projectId, draft }: { projectId: string; draft: KeptDraft }) {
  const { key, given } = draft
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  async function take() {
    setFailure(undefined)
    setIssues([])
    setBusy(true)
    try {
      await service.value.personas.create.mutate({ projectId, ...given })
      say(`Created ${given.name}`)
      editDraft(projectId, key)
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      // Another persona has the name.
      else if (isPersonasError(error, 'CONFLICT')) setIssues([{ path: 'name', message: error.message }])
      else setFailure(error)
    }
    setBusy(false)
  }
  // It was paid for.
  function leave() {
    editDraft(projectId, key)
    sayWithUndo(`Left ${given.name}`, () =>
      changeDrafting(projectId, { drafts: [draft, ...draftingOf(projectId).drafts] }),
    )
  }
  const values = Object.entries(given.metadata).map(([axis, value]) => `${axis}: ${value}`)
  return (
    <li class="draft">
      <Field label="Name" issues={issuesOf(issues, 'name')}>
        {(described) => (
          <input
            {...described}
            dir="auto"
            value={given.name}
            onInput={({ currentTarget }) => editDraft(projectId, key, { name: currentTarget.value })}
          />
        )}
      </Field>
      {given.description !== undefined && <p dir="auto">{given.description}</p>}
      <p class="hint" dir="auto">
        {values.join(' · ')}
      </p>
      <Field label="System prompt" issues={issuesOf(issues, 'systemPrompt')}>
        {(described) => (
          <textarea
            {...described}
            rows={6}
            dir="auto"
            value={given.systemPrompt}
            onInput={({ currentTarget }) => editDraft(projectId, key, { systemPrompt: currentTarget.value })}
          />
        )}
      </Field>
      {failure !== undefined && <Failure error={failure} />}
      <p class="actions">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void take()}>
          Take
        </button>
        <button type="button" disabled={isBusy} onClick={leave}>
          Leave
        </button>
      </p>
    </li>
  )
}
