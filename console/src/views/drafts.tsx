import { useState } from 'preact/hooks'
import { DraftCard } from '../drafts/draft-card.js'
import { changeDrafting, draftingOf, writeDrafts } from '../drafts/drafting.js'
import { isPersonasError, type PersonasIssue } from '../service.js'
import { Field, issuesOf } from '../ui/field.js'
import { Failure } from '../ui/states.js'

const MOST = 50

function counted(drafts: number): string {
  return drafts === 1 ? '1 draft' : `${drafts} drafts`
}

/** Drafts of personas from a brief. */
export function Drafts({ projectId }: { projectId: string }) {
  const { brief, count, drafts, dropped, isBusy } = draftingOf(projectId)
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  async function write() {
    setIssues([])
    setFailure(undefined)
    try {
      await writeDrafts(projectId)
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      else setFailure(error)
    }
  }
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
              onInput={({ currentTarget }) => changeDrafting(projectId, { brief: currentTarget.value })}
            />
          )}
        </Field>
        <Field label="How many" issues={issuesOf(issues, 'count')}>
          {(described) => (
            <input
              {...described}
              class="number"
              type="number"
              min={1}
              max={MOST}
              value={count}
              onInput={({ currentTarget }) =>
                changeDrafting(projectId, { count: Number(currentTarget.value) })
              }
            />
          )}
        </Field>
        <button type="submit" class="primary" disabled={isBusy || brief.trim() === ''}>
          {isBusy ? 'Writing…' : 'Write drafts (costs money)'}
        </button>
      </form>
      {failure !== undefined && <Failure error={failure} onRetry={() => void write()} />}
      <p class="hint" role="status">
        {drafts.length > 0 && `${counted(drafts.length)}. Nothing is stored until you take it.`}
        {dropped > 0 && ` ${dropped} were left out, as they were nearly the same as others.`}
      </p>
      <ul class="draft-list">
        {drafts.map((draft) => (
          <DraftCard key={draft.key} projectId={projectId} draft={draft} />
        ))}
      </ul>
    </section>
  )
}
