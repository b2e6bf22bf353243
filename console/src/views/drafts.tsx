import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import type { PersonaDraft } from '../../../src/client/types.js'
import { isPersonasError, type PersonasIssue, service } from '../service.js'
import { say } from '../toasts.js'
import { Field, issuesOf } from '../ui/field.js'
import { Failure } from '../ui/states.js'

const MOST = 50

interface Drafting {
  brief: string
  count: number
  drafts: PersonaDraft[]
  dropped: number
  isBusy: boolean
}

/** What is drafted of each project: it was paid for, and stays while one looks elsewhere. */
const all = signal<ReadonlyMap<string, Drafting>>(new Map())

function draftingOf(projectId: string): Drafting {
  return all.value.get(projectId) ?? { brief: '', count: 5, drafts: [], dropped: 0, isBusy: false }
}

function change(projectId: string, part: Partial<Drafting>): void {
  all.value = new Map(all.value).set(projectId, { ...draftingOf(projectId), ...part })
}

interface DraftProps {
  projectId: string
  draft: PersonaDraft
  onGone: () => void
}

/** A draft, to take, edit or leave. */
function Draft({ projectId, draft, onGone }: DraftProps) {
  const [given, setGiven] = useState(draft)
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  async function take() {
    setFailure(undefined)
    setIssues([])
    try {
      await service.value.personas.create.mutate({ projectId, ...given })
      say(`Created ${given.name}`)
      onGone()
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      else setFailure(error)
    }
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
            onInput={({ currentTarget }) => setGiven({ ...given, name: currentTarget.value })}
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
            rows={4}
            dir="auto"
            value={given.systemPrompt}
            onInput={({ currentTarget }) => setGiven({ ...given, systemPrompt: currentTarget.value })}
          />
        )}
      </Field>
      {failure !== undefined && <Failure error={failure} />}
      <p class="actions">
        <button type="button" class="primary" onClick={() => void take()}>
          Take
        </button>
        <button type="button" onClick={onGone}>
          Leave
        </button>
      </p>
    </li>
  )
}

/** Drafts of personas from a brief. */
export function Drafts({ projectId }: { projectId: string }) {
  const { brief, count, drafts, dropped, isBusy } = draftingOf(projectId)
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  async function write() {
    setIssues([])
    setFailure(undefined)
    change(projectId, { isBusy: true })
    try {
      const made = await service.value.personas.generate.mutate({ projectId, brief, count })
      change(projectId, { drafts: [...made.drafts, ...draftingOf(projectId).drafts], dropped: made.dropped })
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      else setFailure(error)
    }
    change(projectId, { isBusy: false })
  }
  const leave = (draft: PersonaDraft) =>
    change(projectId, { drafts: draftingOf(projectId).drafts.filter((each) => each !== draft) })
  return (
    <section class="drafts">
      <h1>Drafts</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void write()
        }}
      >
        <Field
          label="Brief"
          hint="Whose users they are, and what they are to be like."
          issues={issuesOf(issues, 'brief')}
        >
          {(described) => (
            <textarea
              {...described}
              rows={3}
              dir="auto"
              placeholder="Customers of a bank whose card was stolen"
              value={brief}
              onInput={({ currentTarget }) => change(projectId, { brief: currentTarget.value })}
            />
          )}
        </Field>
        <Field label="How many" issues={issuesOf(issues, 'count')}>
          {(described) => (
            <input
              {...described}
              type="number"
              min={1}
              max={MOST}
              value={count}
              onInput={({ currentTarget }) => change(projectId, { count: Number(currentTarget.value) })}
            />
          )}
        </Field>
        <button type="submit" class="primary" disabled={isBusy || brief.trim() === ''}>
          {isBusy ? 'Writing…' : 'Write drafts (costs money)'}
        </button>
      </form>
      {failure !== undefined && <Failure error={failure} onRetry={() => void write()} />}
      <p class="hint" role="status">
        {drafts.length > 0 && `${drafts.length} drafts. Nothing is stored until you take it.`}
        {dropped > 0 && ` ${dropped} were left out, as they were nearly the same as others.`}
      </p>
      <ul class="draft-list">
        {drafts.map((draft) => (
          <Draft key={draft.name} projectId={projectId} draft={draft} onGone={() => leave(draft)} />
        ))}
      </ul>
    </section>
  )
}
