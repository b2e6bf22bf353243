import { useState } from 'preact/hooks'
import { download, exportNamed, FORMATS, type Format, formats } from '../files/exporting.js'
import { deletePersonas, say, sayFailure } from '../toasts.js'
import type { Listing } from './listing.js'
import { addTag, clearSelection, selected } from './selection.js'

/** What can be done with the personas that are selected. */
export function SelectionBar({ listing }: { listing: Listing }) {
  const [tag, setTag] = useState('')
  const [format, setFormat] = useState<Format>('json')
  const [isBusy, setBusy] = useState(false)
  const { projectId } = listing.wanted
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
    during(async () => {
      const names = chosen.map(({ name }) => name)
      const { text, missing } = await exportNamed(projectId, format, names)
      if (missing.length < names.length) download(`personas.${format}`, text)
      if (missing.length === 0) return
      say(`Not exported, as they were renamed or deleted meanwhile: ${missing.join(', ')}`)
      await listing.refresh()
    })
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
      <div class="export">
        <button type="button" disabled={isBusy} onClick={() => void keep()}>
          Export
        </button>
        <select
          aria-label="Format of the file"
          value={format}
          // Its options are the formats.
          onChange={({ currentTarget }) => setFormat(currentTarget.value as Format)}
        >
          {formats.map((each) => (
            <option key={each} value={each}>
              {FORMATS[each]}
            </option>
          ))}
        </select>
      </div>
      <button type="button" class="danger" disabled={isBusy} onClick={remove}>
        Delete
      </button>
      <button type="button" class="quiet" onClick={clearSelection}>
        Clear
      </button>
    </section>
  )
}
