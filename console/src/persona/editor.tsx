import { useEffect, useRef } from 'preact/hooks'
import { wayBack } from '../gallery/search.js'
import { useKeys } from '../keys.js'
import { navigate, pathTo } from '../router.js'
import type { Persona } from '../service.js'
import { deletePersonas } from '../toasts.js'
import { useLeaveGuard } from '../ui/leaving.js'
import { isStacked } from '../ui/stacked.js'
import { Copy, Failure } from '../ui/states.js'
import { About } from './about.js'
import { ConflictDialog } from './conflict.js'
import { type Editing, useEditing } from './editing.js'
import { HeadersTab } from './headers-tab.js'
import { NotShown } from './not-shown.js'
import { PortraitPanel } from './portrait-panel.js'
import { type PersonaTab, Tabs, tabOf } from './tabs.js'

/** The way back to all personas. */
export function Crumb({ projectId }: { projectId: string }) {
  return (
    <a class="crumb" href={wayBack(projectId)}>
      ← Personas
    </a>
  )
}

function statusOf({ isSaving, isDirty, saved }: Editing): string {
  if (isSaving) return 'Saving…'
  if (isDirty) return 'Not saved'
  return saved === undefined ? '' : `Saved · v${saved.version}`
}

function Title({ saved, onDelete }: { saved: Persona | undefined; onDelete: () => void }) {
  return (
    <div class="title">
      <h1 dir="auto">{saved?.name ?? 'New persona'}</h1>
      {saved !== undefined && (
        <span>
          <Copy text={saved.id} label="Copy id" />
          <button type="button" class="quiet" onClick={onDelete}>
            Delete
          </button>
        </span>
      )}
    </div>
  )
}

interface EditorProps {
  projectId: string
  /** Absent for a persona that is new. */
  initial: Persona | undefined
  tab: PersonaTab
}

/** A persona while it is edited: who it is, and the tabs. */
export function Editor({ projectId, initial, tab }: EditorProps) {
  const editing = useEditing(projectId, initial)
  const { saved, draft, base, isDirty, isSaving, conflict, issues } = editing
  const id = saved?.id
  const gallery = wayBack(projectId)
  const own = initial === undefined ? '' : pathTo('prompt', { projectId, id: initial.id })
  useLeaveGuard(isDirty, 'Your changes of this persona are not saved.', own)

  const section = useRef<HTMLElement>(null)
  useEffect(() => {
    section.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus()
  }, [issues])

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
  const Tab = tabOf(tab)
  // On a narrow page the tabs come first, and who the persona is stands in the first one.
  const isNarrow = isStacked.value && id !== undefined
  const title = <Title saved={saved} onDelete={remove} />
  const about = <About editing={editing} />

  return (
    <section class="persona" ref={section}>
      <header class="bar">
        <Crumb projectId={projectId} />
        <span class="status" role="status">
          {statusOf(editing)}
        </span>
        <button type="button" disabled={!isDirty || isSaving} onClick={editing.discard}>
          Discard
        </button>
        <button type="button" class="primary" disabled={!isDirty || isSaving} onClick={() => void save()}>
          {saved === undefined ? 'Create persona' : 'Save'}
        </button>
      </header>
      {!isNarrow && title}
      {editing.failure !== undefined && <Failure error={editing.failure} onRetry={() => void save()} />}
      {id !== undefined && (
        <NotShown projectId={projectId} id={id} tab={tab} issues={issues} hasAbout={!isNarrow} />
      )}
      <div class="columns">
        <div class="who">
          {saved !== undefined && (
            <PortraitPanel
              projectId={projectId}
              persona={saved}
              isDirty={isDirty}
              onDrawn={editing.takePortrait}
            >
              {isNarrow && title}
            </PortraitPanel>
          )}
          {!isNarrow && about}
        </div>
        <div class="what">
          {id !== undefined && <Tabs projectId={projectId} id={id} tab={tab} />}
          {isNarrow && tab === 'prompt' && about}
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
