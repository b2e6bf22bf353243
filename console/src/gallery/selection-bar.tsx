import { useState } from 'preact/hooks'
import { deletePersonas, say, sayFailure } from '../toasts.js'
import type { Listing } from './listing.js'
import { addTag, clearSelection, download, exportSelected, selected } from './selection.js'

/** What can be done with the personas that are selected. */
export function SelectionBar({ listing }: { listing: Listing }) {
  const [tag, setTag] = useState('')
  const [isBusy, setBusy] = useState(false)
  const { wanted } = listing
  const { projectId } = wanted
  const chosen = listing.shown.value.filter(({ id }) => selected.value.has(id))
  if (chosen.length === 0) return null
  const count = `${chosen.length} ${chosen.length === 1 ? 'persona' : 'personas'}`

  async function during(work: () => Promise<void>) {
    setBusy(true)
    await work().catch(sayFailure)
    setBusy(false)
  }
  const tagAll = () =>
    during(async () => {
      const { tagged, failure } = await addTag(projectId, chosen, tag.trim())
      setTag('')
      await listing.refresh()
      if (failure === undefined) say(`Tagged ${tagged} of ${count}`)
      else sayFailure(failure)
    })
  const keep = () =>
    during(async () =>
      download('personas.json', await exportSelected(wanted, new Set(chosen.map(({ name }) => name)))),
    )
  const remove = () => {
    deletePersonas({ projectId, ids: chosen.map(({ id }) => id) }, `Deleted ${count}`)
    clearSelection()
  }
  return (
    <section class="selection" aria-label="Selection">
      <strong role="status">{chosen.length} selected</strong>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (tag.trim() !== '') void tagAll()
        }}
      >
        <input
          aria-label="Tag to add"
          placeholder="Tag to add"
          value={tag}
          dir="auto"
          onInput={({ currentTarget }) => setTag(currentTarget.value)}
        />
        <button type="submit" disabled={isBusy || tag.trim() === ''}>
          Tag
        </button>
      </form>
      <button type="button" disabled={isBusy} onClick={() => void keep()}>
        Export
      </button>
      <button type="button" class="danger" disabled={isBusy} onClick={remove}>
        Delete
      </button>
      <button type="button" class="quiet" onClick={clearSelection}>
        Clear
      </button>
    </section>
  )
}
