import { useState } from 'preact/hooks'
import { showKeys } from './keys.js'
import { createProject, nameOf, projects } from './projects.js'
import { navigate, pathTo, place, projectId } from './router.js'
import { isPersonasError, type PersonasIssue } from './service.js'
import { sayFailure } from './toasts.js'
import { Dialog } from './ui/dialog.js'
import { Field } from './ui/field.js'

const NEW = '\u0000new'

function NewProject({ onClose }: { onClose: () => void }) {
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [name, setName] = useState('')
  async function make() {
    try {
      const { id } = await createProject(name)
      onClose()
      navigate(pathTo('gallery', { projectId: id }))
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      else sayFailure(error)
    }
  }
  return (
    <Dialog title="New project" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <Field
          label="Name"
          issues={issues}
          hint="Personas, pictures and the provider’s key belong to a project."
        >
          {(described) => (
            <input
              {...described}
              dir="auto"
              value={name}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          )}
        </Field>
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Create project
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

/** The views of a project that the rail leads to. */
const LINKS = [
  { view: 'gallery', label: 'Personas' },
  { view: 'drafts', label: 'Drafts' },
  { view: 'files', label: 'Files' },
  { view: 'settings', label: 'Settings' },
] as const

/** The projects, the views of the one that is shown, and help. */
export function Rail() {
  const [isMaking, setMaking] = useState(false)
  const id = projectId.value
  const known = projects.value ?? []
  const all = id === '' || known.some((each) => each.id === id) ? known : [...known, { id, name: nameOf(id) }]
  const view = place.value.view
  const isOfPersonas = LINKS.every((link) => link.view === 'gallery' || link.view !== view)
  return (
    <nav class="rail" aria-label="Main">
      <label class="project">
        <span class="visually-hidden">Project</span>
        <select
          value={id}
          onChange={({ currentTarget }) => {
            const chosen = currentTarget.value
            currentTarget.value = id
            if (chosen === NEW) setMaking(true)
            else navigate(pathTo('gallery', { projectId: chosen }))
          }}
        >
          {id === '' && <option value="">No project</option>}
          {all.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
          <option value={NEW}>New project…</option>
        </select>
      </label>
      {id !== '' && (
        <ul>
          {LINKS.map((link) => {
            const isCurrent = link.view === 'gallery' ? isOfPersonas : view === link.view
            return (
              <li key={link.view}>
                <a href={pathTo(link.view, { projectId: id })} aria-current={isCurrent ? 'page' : undefined}>
                  {link.label}
                </a>
              </li>
            )
          })}
        </ul>
      )}
      <div class="help">
        <a href="/docs" target="_blank" rel="noreferrer">
          Docs
        </a>
        <button type="button" class="quiet" aria-label="Keyboard shortcuts" onClick={showKeys}>
          ?
        </button>
      </div>
      {isMaking && <NewProject onClose={() => setMaking(false)} />}
    </nav>
  )
}
