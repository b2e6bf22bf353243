import { useEffect, useRef } from 'preact/hooks'
import { hasDrafts } from './drafts/drafting.js'
import { droppedFile } from './files/importing.js'
import { KeyDialog } from './key-dialog.js'
import { KeysDialog } from './keys.js'
import { hasConversations } from './persona/conversation.js'
import { firstProject, loadProjects, nameOf, projects, projectsFailure, rememberProject } from './projects.js'
import { Rail } from './rail.js'
import { followLinks, navigate, pathTo, place, projectId } from './router.js'
import { epoch, isReachable, slowRequests } from './service.js'
import { Toasts } from './toasts.js'
import { AskDialog } from './ui/ask.js'
import { useReloadGuard } from './ui/leaving.js'
import { Failure, Loading } from './ui/states.js'
import { Drafts } from './views/drafts.js'
import { Files } from './views/files.js'
import { FirstVisit } from './views/first-visit.js'
import { Gallery } from './views/gallery.js'
import { PersonaView } from './views/persona.js'
import { Settings } from './views/settings.js'

/** How the service is, where it is not well. */
function ServiceState() {
  const text = !isReachable.value
    ? 'The service is not reachable; your text is kept. Looking for it…'
    : slowRequests.value > 0
      ? 'The service is slow at the moment…'
      : ''
  return (
    <div class={`state ${isReachable.value ? '' : 'lost'}`} role="status">
      {text}
    </div>
  )
}

/** `/`: leads to a project, or shows what a persona is where there is none. */
function Home() {
  const known = projects.value
  const first = firstProject()
  useEffect(() => {
    if (first !== undefined) navigate(pathTo('gallery', { projectId: first.id }), { replace: true })
  }, [first])
  if (known === undefined) {
    const failure = projectsFailure.value
    return failure === undefined ? (
      <Loading what="projects" />
    ) : (
      <Failure error={failure} onRetry={() => void loadProjects()} />
    )
  }
  return first === undefined ? <FirstVisit projectId="" /> : null
}

function View() {
  const { view, params } = place.value
  const { projectId: project = '', id } = params
  switch (view) {
    case 'home':
      return <Home />
    case 'gallery':
      return <Gallery key={project} projectId={project} />
    case 'drafts':
      return <Drafts key={project} projectId={project} />
    case 'files':
      return <Files key={project} projectId={project} />
    case 'settings':
      return <Settings key={project} projectId={project} />
    case 'create':
      return <PersonaView key={`${project}/new`} projectId={project} tab="prompt" />
    case 'prompt':
    case 'talk':
    case 'history':
    case 'use':
    case 'headers':
      return <PersonaView key={`${project}/${id}`} projectId={project} id={id} tab={view} />
    default:
      return <p>There is nothing at this address.</p>
  }
}

/** The page: the rail, the view of the address, and what floats above them. */
export function App() {
  const main = useRef<HTMLElement>(null)
  const { view } = place.value
  const id = projectId.value
  const shown = `${view}/${id}/${place.value.params.id ?? ''}`
  const isFirst = useRef(true)
  useReloadGuard(hasDrafts.value || hasConversations.value)
  const since = epoch.value
  useEffect(() => void loadProjects(), [since])
  useEffect(() => {
    if (id !== '') rememberProject(id)
  }, [id])
  useEffect(() => {
    // A screen reader begins with the new view, not in the middle of what is gone.
    if (!isFirst.current && !main.current?.contains(document.activeElement)) main.current?.focus()
    isFirst.current = false
  }, [shown])
  const name = nameOf(id)
  useEffect(() => {
    document.title = id === '' ? 'Personas' : `${view === 'settings' ? 'Settings' : 'Personas'} · ${name}`
  }, [view, id, name])
  useEffect(() => {
    if (id === '') return
    const holds = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true
    const onOver = (event: DragEvent) => {
      if (holds(event)) event.preventDefault()
    }
    // Where a place takes other files, it keeps them from coming here.
    const onDrop = (event: DragEvent) => {
      const [file] = event.dataTransfer?.files ?? []
      if (file === undefined) return
      event.preventDefault()
      droppedFile.value = file
      navigate(pathTo('files', { projectId: id }))
    }
    window.addEventListener('dragover', onOver)
    window.addEventListener('drop', onDrop)
    return () => {
      window.removeEventListener('dragover', onOver)
      window.removeEventListener('drop', onDrop)
    }
  }, [id])
  return (
    // biome-ignore lint/a11y: links within it are followed here; the keyboard clicks them as well
    <div class="app" onClick={followLinks}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Rail />
      <main id="main" ref={main} tabIndex={-1}>
        <ServiceState />
        <View />
      </main>
      <Toasts />
      <KeyDialog />
      <AskDialog />
      <KeysDialog />
    </div>
  )
}
