import { pathTo } from '../router.js'
import type { PersonasIssue } from '../service.js'
import { issuesOf } from '../ui/field.js'
import { draftFields, LABELS } from './draft.js'
import { type PersonaTab, TAB_OF } from './tabs.js'

interface NotShownProps {
  projectId: string
  id: string
  tab: PersonaTab
  issues: PersonasIssue[]
  /** Whether who the persona is stands beside every tab. */
  hasAbout: boolean
}

const ABOUT = ['name', 'description', 'tags']

/** What the service found wrong in fields of another tab, with the way there. */
export function NotShown({ projectId, id, tab, issues, hasAbout }: NotShownProps) {
  const elsewhere = draftFields.filter(
    (field) => TAB_OF[field] !== tab && !(hasAbout && ABOUT.includes(field)),
  )
  const found = elsewhere.flatMap((field) =>
    issuesOf(issues, field).map(({ message }) => ({ field, message })),
  )
  if (found.length === 0) return null
  return (
    <div class="failure" role="alert">
      {found.map(({ field, message }) => (
        <p key={`${field} ${message}`} dir="auto">
          <a href={pathTo(TAB_OF[field], { projectId, id })}>{LABELS[field]}</a>: {message}
        </p>
      ))}
    </div>
  )
}
