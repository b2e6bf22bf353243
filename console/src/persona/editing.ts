import { useRef, useState } from 'preact/hooks'
import { isPersonasError, type Persona, type PersonasIssue, service } from '../service.js'
import { changedFields, changesOf, type Draft, draftOf, inputOf, repeatedName } from './draft.js'

/** What another saved meanwhile, beside what both began with and what is edited here. */
export interface Conflict {
  theirs: Persona
}

/** A persona while it is edited. */
export interface Editing {
  saved: Persona | undefined
  draft: Draft
  base: Draft
  isDirty: boolean
  isSaving: boolean
  issues: PersonasIssue[]
  failure: unknown
  conflict: Conflict | undefined
  change: (part: Partial<Draft>) => void
  discard: () => void
  save: () => Promise<Persona | undefined>
  /** Goes on with what was chosen of a conflict, on top of what the other saved. */
  resolve: (chosen: Draft | undefined) => void
  /** Takes over what the service has now, and drops what is edited. */
  take: (persona: Persona) => void
  /** Takes over a portrait that was drawn, and keeps what is edited meanwhile. */
  takePortrait: (persona: Persona) => void
}

/** What keeps a draft from being sent: a map has each name once. */
function faults({ headers, metadata }: Draft): PersonasIssue[] {
  const rows = { headers, metadata }
  return Object.entries(rows).flatMap(([path, each]) => {
    const name = repeatedName(each)
    return name === undefined ? [] : [{ path, message: `${name} stands there twice` }]
  })
}

/** Holds what is edited until the service has it. */
export function useEditing(projectId: string, initial: Persona | undefined): Editing {
  const [saved, setSaved] = useState(initial)
  const [base, setBase] = useState(() => draftOf(initial))
  const [draft, setDraft] = useState(base)
  const [isSaving, setSaving] = useState(false)
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  const [conflict, setConflict] = useState<Conflict>()
  const isDirty = changedFields(draft, base).length > 0

  function take(persona: Persona) {
    const next = draftOf(persona)
    setSaved(persona)
    setBase(next)
    setDraft(next)
    setIssues([])
    setFailure(undefined)
  }

  // The portrait comes long after it was asked for.
  const latest = useRef({ base, isDirty })
  latest.current = { base, isDirty }
  function takePortrait(persona: Persona) {
    const now = latest.current
    if (!now.isDirty) return take(persona)
    // Where another changed more than the portrait, saving is to say so.
    if (changedFields(draftOf(persona), now.base).length === 0) setSaved(persona)
  }

  async function send(): Promise<Persona> {
    const { personas } = service.value
    if (saved === undefined) return personas.create.mutate({ projectId, ...inputOf(draft) })
    const { id, updatedAt } = saved
    return personas.update.mutate({ projectId, id, ...changesOf(draft, base), ifMatch: updatedAt })
  }

  async function save() {
    if (isSaving || (saved !== undefined && !isDirty)) return undefined
    const wrong = faults(draft)
    setIssues(wrong)
    setFailure(undefined)
    if (wrong.length > 0) return undefined
    setSaving(true)
    try {
      const persona = await send()
      take(persona)
      return persona
    } catch (error) {
      await explain(error)
      return undefined
    } finally {
      setSaving(false)
    }
  }

  async function explain(error: unknown): Promise<void> {
    if (saved !== undefined && isPersonasError(error, 'PRECONDITION_FAILED')) {
      try {
        const theirs = await service.value.personas.get.query({ projectId, id: saved.id })
        setConflict({ theirs })
      } catch (failed) {
        setFailure(failed)
      }
      return
    }
    if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
    // Another persona has the name.
    else if (isPersonasError(error, 'CONFLICT')) setIssues([{ path: 'name', message: error.message }])
    else setFailure(error)
  }

  function resolve(chosen: Draft | undefined) {
    if (conflict !== undefined && chosen !== undefined) {
      setSaved(conflict.theirs)
      setBase(draftOf(conflict.theirs))
      setDraft(chosen)
    }
    setConflict(undefined)
  }

  return {
    saved,
    draft,
    base,
    isDirty,
    isSaving,
    issues,
    failure,
    conflict,
    change: (part) => setDraft((now) => ({ ...now, ...part })),
    discard: () => {
      setDraft(base)
      setIssues([])
      setFailure(undefined)
    },
    save,
    resolve,
    take,
    takePortrait,
  }
}
