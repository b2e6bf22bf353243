import { useState } from 'preact/hooks'
import { useLoaded } from '../loading.js'
import { isPersonasError, type Persona, type PersonaVersion, service } from '../service.js'
import { sayFailure, sayWithUndo } from '../toasts.js'
import { Failure, Loading } from '../ui/states.js'
import { Difference } from './difference.js'
import { changedFields, draftOf, LABELS, labelOf, textOf } from './draft.js'
import type { Editing } from './editing.js'

const PAGE = 50

interface Versions {
  items: PersonaVersion[]
  nextCursor?: string
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/** A version and the one before it; where that is no longer kept, an empty one. */
function useBoth(projectId: string, id: string, version: number) {
  return useLoaded(`${id} ${version}`, async (signal) => {
    const get = (wanted: number) =>
      service.value.personas.get.query({ projectId, id, version: wanted }, { signal })
    const before =
      version === 1
        ? undefined
        : get(version - 1).catch((error) => {
            if (isPersonasError(error, 'NOT_FOUND')) return undefined
            throw error
          })
    const [after, previous] = await Promise.all([get(version), before])
    return { after, previous }
  })
}

function VersionDifference({ projectId, id, version }: { projectId: string; id: string; version: number }) {
  const { value, error, reload } = useBoth(projectId, id, version)
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading what="the version" />
  const [before, after] = [draftOf(value.previous), draftOf(value.after)]
  const changed = changedFields(before, after)
  return (
    <>
      {value.previous === undefined && version > 1 && (
        <p class="hint">The version before it is no longer kept.</p>
      )}
      {changed.length === 0 && <p class="hint">The text is the same as that of the version before it.</p>}
      {changed.map((field) => (
        <section key={field}>
          <h3>{LABELS[field]}</h3>
          <Difference before={textOf(before, field)} after={textOf(after, field)} />
        </section>
      ))}
    </>
  )
}

/** The versions of a persona, what each changed word by word, and the way back to it. */
export function HistoryTab({ projectId, editing }: { projectId: string; editing: Editing }) {
  const { saved, isDirty, take } = editing
  const [chosen, setChosen] = useState<number>()
  const [older, setOlder] = useState<Versions>()
  const id = saved?.id ?? ''
  const { value, error, reload } = useLoaded<Versions>(`${id} ${saved?.version}`, (signal) =>
    service.value.personas.versionsPage.query({ projectId, id, limit: PAGE }, { signal }),
  )
  if (saved === undefined) return null
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading what="versions" />
  const newest = value.items.at(-1)?.version ?? 0
  const items = [...value.items, ...(older?.items ?? []).filter(({ version }) => version < newest)]
  const next = older === undefined ? value.nextCursor : older.nextCursor
  const shown = chosen ?? saved.version

  async function more() {
    const page = await service.value.personas.versionsPage.query({ projectId, id, limit: PAGE, cursor: next })
    setOlder({ ...page, items: [...(older?.items ?? []), ...page.items] })
  }
  async function revert(to: number, from: Persona, isUndo = false) {
    try {
      const input = { projectId, id, version: to, ifMatch: from.updatedAt }
      const persona = await service.value.personas.revert.mutate(input)
      take(persona)
      setChosen(undefined)
      if (!isUndo) sayWithUndo(`Back to version ${to}`, () => void revert(from.version, persona, true))
    } catch (failed) {
      sayFailure(failed)
    }
  }
  return (
    <div class="history">
      <ol>
        {items.map(({ version, updatedAt, changed, revertedFrom }) => (
          <li key={version}>
            <button
              type="button"
              class="version"
              aria-pressed={version === shown}
              onClick={() => setChosen(version)}
            >
              <strong>
                Version {version}
                {version === saved.version && ' (now)'}
              </strong>
              <span>{timeOf(updatedAt)}</span>
              <span>
                {revertedFrom === undefined
                  ? changed.map(labelOf).join(', ')
                  : `back to version ${revertedFrom}`}
              </span>
            </button>
          </li>
        ))}
        {next !== undefined && (
          <li>
            <button type="button" onClick={() => void more().catch(sayFailure)}>
              Older versions
            </button>
          </li>
        )}
      </ol>
      <div class="version-shown">
        <header class="actions">
          <h2>Version {shown}</h2>
          {shown !== saved.version && (
            <button type="button" disabled={isDirty} onClick={() => void revert(shown, saved)}>
              Revert to version {shown}
            </button>
          )}
        </header>
        {isDirty && shown !== saved.version && (
          <p class="hint">Save or discard your changes before you revert.</p>
        )}
        <VersionDifference projectId={projectId} id={id} version={shown} />
      </div>
    </div>
  )
}
