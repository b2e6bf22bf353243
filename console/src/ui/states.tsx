import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { toldOf } from '../service.js'

/** Shown once something takes longer than one notices. */
const SHOWN_AFTER = 150

/** Whether it is late enough to show that something loads. */
function useLate(): boolean {
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), SHOWN_AFTER)
    return () => window.clearTimeout(timer)
  }, [])
  return isLate
}

/** That something loads. */
export function Loading({ what }: { what: string }) {
  const isLate = useLate()
  return (
    <p class="loading" role="status">
      {isLate && `Loading ${what}…`}
    </p>
  )
}

interface CopyProps {
  text: string
  label?: string
  /** Whether the button looks like any other, not like a part of the text. */
  isPlain?: boolean
}

/** A text that can be copied by a button. */
export function Copy({ text, label = 'Copy', isPlain = false }: CopyProps) {
  const [isCopied, setCopied] = useState(false)
  async function copy() {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    window.setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <button type="button" class={isPlain ? '' : 'quiet'} onClick={() => void copy()}>
      {isCopied ? 'Copied' : label}
    </button>
  )
}

/** A failure: the service's own message, the request's id to copy, and another try where there is one. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { message, requestId, issues } = toldOf(error)
  return (
    <div class="failure" role="alert">
      <p dir="auto">{message}</p>
      {issues
        .filter((issue) => !message.includes(issue.message))
        .map((issue) => (
          <p key={`${issue.path} ${issue.message}`} dir="auto">
            {issue.message}
          </p>
        ))}
      <p class="actions">
        {onRetry !== undefined && (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        )}
        {requestId !== undefined && (
          <span class="small">
            Request <code>{requestId}</code> <Copy text={requestId} label="Copy id" />
          </span>
        )}
      </p>
    </div>
  )
}

/** A view without content, and what to do about it. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}
