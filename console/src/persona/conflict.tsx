import { useState } from 'preact/hooks'
import type { Persona } from '../service.js'
import { Dialog } from '../ui/dialog.js'
import { Difference } from './difference.js'
import { changedFields, type Draft, type DraftField, draftOf, LABELS, textOf } from './draft.js'

interface ConflictProps {
  base: Draft
  mine: Draft
  theirs: Persona
  onClose: () => void
  onChoose: (chosen: Draft) => void
}

/** What another changed meanwhile, field by field, against what is edited here; one of both is chosen. */
export function ConflictDialog({ base, mine, theirs, onClose, onChoose }: ConflictProps) {
  const other = draftOf(theirs)
  const [takesTheirs, setTakesTheirs] = useState<ReadonlySet<DraftField>>(new Set())
  const own = changedFields(mine, base)
  const theirFields = changedFields(other, base)
  const disputed = theirFields.filter(
    (field) => own.includes(field) && textOf(mine, field) !== textOf(other, field),
  )
  const taken = theirFields.filter((field) => !own.includes(field))

  function choose() {
    const kept = own.filter((field) => !takesTheirs.has(field))
    const parts = kept.map((field) => [field, mine[field]])
    onChoose({ ...other, ...Object.fromEntries(parts) })
  }
  function pick(field: DraftField, isTheirs: boolean) {
    const next = new Set(takesTheirs)
    if (isTheirs) next.add(field)
    else next.delete(field)
    setTakesTheirs(next)
  }
  return (
    <Dialog title="Changed by another" onClose={onClose} isWide>
      <p>Somebody saved this persona while you edited it. Nothing is lost: choose what to keep, then save.</p>
      {disputed.map((field) => (
        <fieldset key={field} class="choice">
          <legend>{LABELS[field]}: changed by both</legend>
          {[
            { text: textOf(mine, field), label: 'Yours', isTheirs: false },
            { text: textOf(other, field), label: 'Theirs', isTheirs: true },
          ].map(({ text, label, isTheirs }) => (
            <div key={label}>
              <label class="check">
                <input
                  type="radio"
                  name={field}
                  checked={takesTheirs.has(field) === isTheirs}
                  onChange={() => pick(field, isTheirs)}
                />
                {label}
              </label>
              <Difference before={textOf(base, field)} after={text} />
            </div>
          ))}
        </fieldset>
      ))}
      {taken.map((field) => (
        <section key={field} class="choice">
          <h3>{LABELS[field]}: changed by the other, taken over</h3>
          <Difference before={textOf(base, field)} after={textOf(other, field)} />
        </section>
      ))}
      {theirFields.length === 0 && <p>They changed the portrait alone; your changes stay as they are.</p>}
      <footer>
        <button type="button" onClick={onClose}>
          Decide later
        </button>
        <button type="button" class="primary" onClick={choose}>
          Use these
        </button>
      </footer>
    </Dialog>
  )
}
