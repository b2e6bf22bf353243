import { useEffect } from 'preact/hooks'
import { useKeys } from '../keys.js'
import { useLoaded } from '../loading.js'
import { ConflictDialog } from '../persona/conflict.js'
import { type Editing, useEditing } from '../persona/editing.js'
import { HeadersTab } from '../persona/headers-tab.js'
import { HistoryTab } from '../persona/history-tab.js'
import { PortraitPanel } from '../persona/portrait-panel.js'
import { PromptTab } from '../persona/prompt-tab.js'
import { TagInput } from '../persona/tag-input.js'
import { TalkTab } from '../persona/talk-tab.js'
import { UseTab } from '../persona/use-tab.js'
import { guardLeaving, navigate, pathTo } from '../router.js'
import { type Persona, service } from '../service.js'
import { deletePersonas } from '../toasts.js'
import { ask } from '../ui/ask.js'
import { Field, issuesOf } from '../ui/field.js'
import { Copy, Failure, Loading } from '../ui/states.js'

/** The tabs of a persona, in their order; each has an address of its own. */
const TABS = [
  { view: 'prompt', label: 'Prompt', Tab: PromptTab },
  { view: 'talk', label: 'Talk', Tab: TalkTab },
  { view: 'history', label: 'History', Tab: HistoryTab },
  { view: 'headers', label: 'Headers', Tab: HeadersTab },
  { view: 'use', label: 'Use', Tab: UseTab },
] as const
export type PersonaTab = (typeof TABS)[number]['view']

interface PersonaViewProps {
  projectId: string
  /** Absent for a persona that is new. */
  id?: string | undefined
  tab: PersonaTab
}

/** A persona, to look at and to edit. */
export function PersonaView({ projectId, id, tab }: PersonaViewProps) {
  if (id === undefined) return <Editor projectId={projectId} initial={undefined} tab={tab} />
  return <Stored projectId={projectId} id={id} tab={tab} />
}

function Stored({ projectId, id, tab }: { projectId: string; id: string; tab: PersonaTab }) {
  const { value, error, reload } = useLoaded(`${projectId} ${id}`, (signal) =>
    service.value.personas.get.query({ projectId, id }, { signal }),
  )
  // What is edited stays, whatever a later look brings.
  if (value !== undefined) return <Editor projectId={projectId} initial={value} tab={tab} />
  return (
    <>
      <Crumb projectId={projectId} />
      {error === undefined ? <Loading what="the persona" /> : <Failure error={error} onRetry={reload} />}
    </>
  )
}

function Crumb({ projectId }: { projectId: string }) {
  return (
    <a class="crumb" href={pathTo('gallery', { projectId })}>
      ← Personas
    </a>
  )
}

/** Asks before changes are left behind, by a link, by Back, and by closing the tab. */
function useGuard({ isDirty }: Editing, own: string): void {
  useEffect(() => {
    if (!isDirty) return
    const stop = guardLeaving((to, go) => {
      // Between the tabs of a persona its changes stay.
      if (own !== '' && (to === own || to.startsWith(`${own}/`))) return true
      ask({
        title: 'Leave without saving?',
        text: 'Your changes of this persona are not saved.',
        yes: 'Discard changes',
        no: 'Keep editing',
        onYes: go,
      })
      return false
    })
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', onUnload)
    return () => {
      stop()
      window.removeEventListener('beforeunload', onUnload)
    }
  }, [isDirty, own])
}

function Editor({
  projectId,
  initial,
  tab,
}: {
  projectId: string
  initial: Persona | undefined
  tab: PersonaTab
}) {
  const editing = useEditing(projectId, initial)
  const { saved, draft, base, isDirty, isSaving, conflict } = editing
  const id = saved?.id
  const gallery = pathTo('gallery', { projectId })
  useGuard(editing, initial === undefined ? '' : pathTo('prompt', { projectId, id: initial.id }))

  async function save() {
    const persona = await editing.save()
    if (persona !== undefined && initial === undefined)
      navigate(pathTo('prompt', { projectId, id: persona.id }), { replace: true, ask: false })
  }
  function remove() {
    if (id === undefined) return
    deletePersonas({ projectId, ids: [id] }, `Deleted ${saved?.name}`)
    navigate(gallery, { ask: false })
  }
  useKeys([
    { key: 'mod+s', label: 'Save', run: () => void save() },
    { key: 'Escape', label: 'Back to the personas', run: () => navigate(gallery) },
  ])
  const status = isSaving
    ? 'Saving…'
    : isDirty
      ? 'Not saved'
      : saved === undefined
        ? ''
        : `Saved · v${saved.version}`
  const { Tab } = TABS.find(({ view }) => view === tab) ?? TABS[0]

  return (
    <section class="persona">
      <header class="bar">
        <Crumb projectId={projectId} />
        <span class="status" role="status">
          {status}
        </span>
        {id !== undefined && (
          <>
            <Copy text={id} label="Copy id" />
            <button type="button" class="danger" onClick={remove}>
              Delete
            </button>
          </>
        )}
        <button type="button" disabled={!isDirty || isSaving} onClick={editing.discard}>
          Discard
        </button>
        <button type="button" class="primary" disabled={!isDirty || isSaving} onClick={() => void save()}>
          {saved === undefined ? 'Create persona' : 'Save'}
        </button>
      </header>
      <h1 dir="auto">{saved?.name ?? 'New persona'}</h1>
      {editing.failure !== undefined && <Failure error={editing.failure} onRetry={() => void save()} />}
      <div class="columns">
        <div class="who">
          {saved !== undefined && (
            <PortraitPanel
              projectId={projectId}
              persona={saved}
              isDirty={isDirty}
              onDrawn={editing.takePortrait}
            />
          )}
          <About editing={editing} />
        </div>
        <div class="what">
          {id !== undefined && (
            <nav class="tabs" aria-label="Persona">
              {TABS.map(({ view, label }) => (
                <a
                  key={view}
                  href={pathTo(view, { projectId, id })}
                  aria-current={view === tab ? 'page' : undefined}
                >
                  {label}
                </a>
              ))}
            </nav>
          )}
          <Tab projectId={projectId} editing={editing} />
          {id === undefined && <HeadersTab projectId={projectId} editing={editing} />}
        </div>
      </div>
      {conflict !== undefined && (
        <ConflictDialog
          base={base}
          mine={draft}
          theirs={conflict.theirs}
          onClose={() => editing.resolve(undefined)}
          onChoose={editing.resolve}
        />
      )}
    </section>
  )
}

/** Who a persona is: its name, description and tags. */
function About({ editing }: { editing: Editing }) {
  const { draft, issues, change } = editing
  return (
    <>
      <Field label="Name" issues={issuesOf(issues, 'name')}>
        {(described) => (
          <input
            {...described}
            dir="auto"
            value={draft.name}
            onInput={({ currentTarget }) => change({ name: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" issues={issuesOf(issues, 'description')}>
        {(described) => (
          <textarea
            {...described}
            rows={3}
            dir="auto"
            placeholder="Wants one answer, and fast"
            value={draft.description}
            onInput={({ currentTarget }) => change({ description: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Tags" issues={issuesOf(issues, 'tags')} hint="Enter adds a tag.">
        {(described) => (
          <TagInput described={described} tags={draft.tags} onChange={(tags) => change({ tags })} />
        )}
      </Field>
    </>
  )
}
