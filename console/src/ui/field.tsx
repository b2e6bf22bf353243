import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { PersonasIssue } from '../service.js'

/** What an input needs of its field: its id, and what describes it. */
export interface Described {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

interface FieldProps {
  label: string
  hint?: ComponentChildren
  /** The service's messages of this field. */
  issues?: PersonasIssue[]
  children: (described: Described) => ComponentChildren
}

/** An input with its label, a hint and the service's messages beside it. */
export function Field({ label, hint, issues = [], children }: FieldProps) {
  const id = useId()
  const isWrong = issues.length > 0
  const described = [hint !== undefined && `${id}-hint`, isWrong && `${id}-wrong`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': isWrong || undefined,
      })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {isWrong && (
        <div class="wrong" id={`${id}-wrong`} role="alert">
          {issues.map(({ path, message }) => (
            <p key={path}>{message}</p>
          ))}
        </div>
      )}
    </div>
  )
}

/** The issues of a field, and of what is in it. */
export function issuesOf(issues: PersonasIssue[], field: string): PersonasIssue[] {
  return issues.filter(({ path }) => path === field || path.startsWith(`${field}.`))
}
