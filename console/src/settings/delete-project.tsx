import { useState } from 'preact/hooks'
import { loadProjects } from '../projects.js'
import { navigate, pathTo } from '../router.js'
import { service } from '../service.js'
import { say } from '../toasts.js'
import { Dialog } from '../ui/dialog.js'
import { Field } from '../ui/field.js'
import { Failure } from '../ui/states.js'

/** Deletes a project, which cannot be undone: its name is asked for. */
export function DeleteProject({ projectId, name }: { projectId: string; name: string }) {
  const [isOpen, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const [failure, setFailure] = useState<unknown>(undefined)
  async function remove() {
    try {
      await service.value.projects.delete.mutate({ projectId })
      say(`Deleted ${name}`)
      await loadProjects()
      navigate(pathTo('home'), { ask: false })
    } catch (error) {
      setFailure(error)
    }
  }
  const close = () => {
    setOpen(false)
    setTyped('')
    setFailure(undefined)
  }
  return (
    <section>
      <h2>Delete this project</h2>
      <p class="hint">With its personas, pictures and settings. It cannot be undone.</p>
      <button type="button" class="danger" onClick={() => setOpen(true)}>
        Delete project
      </button>
      {isOpen && (
        <Dialog title="Delete project" onClose={close}>
          <form
            onSubmit={(event) => {
              event.preventDefault()
              if (typed === name) void remove()
            }}
          >
            {failure !== undefined && <Failure error={failure} />}
            <p>
              Everything in <bdi>{name}</bdi> is deleted for good.
            </p>
            <Field label="Type the project’s name to go on">
              {(described) => (
                <input
                  {...described}
                  dir="auto"
                  autocomplete="off"
                  value={typed}
                  onInput={({ currentTarget }) => setTyped(currentTarget.value)}
                />
              )}
            </Field>
            <footer>
              <button type="button" onClick={close}>
                Cancel
              </button>
              <button type="submit" class="danger" disabled={typed !== name}>
                Delete project
              </button>
            </footer>
          </form>
        </Dialog>
      )}
    </section>
  )
}
