import { signal } from '@preact/signals'
import { Dialog } from './dialog.js'

interface Question {
  title: string
  text: string
  /** What the button says that goes on. */
  yes: string
  no?: string
  onYes: () => void
}

const question = signal<Question | undefined>(undefined)

/** Asks before something goes on. */
export function ask(next: Question): void {
  question.value = next
}

/** The question that is open, if one is. */
export function AskDialog() {
  const open = question.value
  if (open === undefined) return null
  const close = () => {
    question.value = undefined
  }
  return (
    <Dialog title={open.title} onClose={close}>
      <p>{open.text}</p>
      <footer>
        <button type="button" onClick={close}>
          {open.no ?? 'Cancel'}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            close()
            open.onYes()
          }}
        >
          {open.yes}
        </button>
      </footer>
    </Dialog>
  )
}
