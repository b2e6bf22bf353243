import { signal } from '@preact/signals'
import { service, toldOf } from './service.js'

/** Milliseconds in which what was done can be undone. */
const UNDO_FOR = 10_000
/** Milliseconds for which a plain message stays. */
const SHOWN_FOR = 5_000

interface Toast {
  id: number
  text: string
  kind: 'said' | 'failed'
  undo?: () => void
}

const toasts = signal<Toast[]>([])
let lastId = 0

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** Says in a corner that something was done. */
export function say(text: string): void {
  lastId += 1
  const id = lastId
  // What was said before is old news; what can be undone, and what failed, stays.
  const others = toasts.value.filter((toast) => toast.kind !== 'said' || toast.undo)
  toasts.value = [...others, { id, text, kind: 'said' }]
  window.setTimeout(() => dismiss(id), SHOWN_FOR)
}

/** Says what failed; it stays until it is dismissed. */
export function sayFailure(error: unknown): void {
  const { message, requestId } = toldOf(error)
  lastId += 1
  const text = requestId === undefined ? message : `${message} (request ${requestId})`
  toasts.value = [...toasts.value, { id: lastId, text, kind: 'failed' }]
}

/** Says that something was done, and offers to undo it for ten seconds. */
export function sayWithUndo(text: string, undo: () => void): void {
  lastId += 1
  const id = lastId
  toasts.value = [...toasts.value, { id, text, kind: 'said', undo }]
  window.setTimeout(() => dismiss(id), UNDO_FOR)
}

interface Deletion {
  projectId: string
  ids: string[]
}

/** Deletions that can still be undone: what they take is not shown, and still there. */
export const deletions = signal<Deletion[]>([])

/** Deletes personas once it can no longer be undone. */
export function deletePersonas(deletion: Deletion, text: string): void {
  deletions.value = [...deletions.value, deletion]
  const timer = window.setTimeout(() => void carryOut(deletion), UNDO_FOR)
  sayWithUndo(text, () => {
    window.clearTimeout(timer)
    forget(deletion)
  })
}

function forget(deletion: Deletion): void {
  deletions.value = deletions.value.filter((each) => each !== deletion)
}

async function carryOut(deletion: Deletion): Promise<void> {
  // Undone, or carried out as the page went.
  if (!deletions.value.includes(deletion)) return
  const { projectId, ids } = deletion
  const calls = ids.map((id) => service.value.personas.delete.mutate({ projectId, id }))
  const failed = (await Promise.allSettled(calls)).find((each) => each.status === 'rejected')
  if (failed !== undefined) {
    forget(deletion)
    sayFailure(failed.reason)
  }
}

/** Calls in one request, at most: what the service takes. */
const MAX_CALLS = 100

/** What carries a deletion out while the page goes: the client sends a moment later, which would be too late. */
export function carryOutNow(send: (path: string, body: string) => void): void {
  for (const { projectId, ids } of deletions.value) {
    for (let from = 0; from < ids.length; from += MAX_CALLS) {
      const inputs = ids.slice(from, from + MAX_CALLS).map((id) => ({ projectId, id }))
      const path = `/trpc/${inputs.map(() => 'personas.delete').join(',')}?batch=1`
      send(path, JSON.stringify(Object.fromEntries(inputs.entries())))
    }
  }
}

/** The messages, in the corner. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind, undo }) => (
        <div key={id} class={`toast ${kind}`}>
          <span dir="auto">{text}</span>
          {undo !== undefined && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                undo()
                dismiss(id)
              }}
            >
              Undo
            </button>
          )}
          <button type="button" class="quiet icon" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  )
}
