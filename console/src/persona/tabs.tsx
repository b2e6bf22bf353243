import { pathTo } from '../router.js'
import type { DraftField } from './draft.js'
import { HeadersTab } from './headers-tab.js'
import { HistoryTab } from './history-tab.js'
import { PromptTab } from './prompt-tab.js'
import { TalkTab } from './talk-tab.js'
import { UseTab } from './use-tab.js'

/** The tabs of a persona, in their order; each has an address of its own. */
const TABS = [
  { view: 'prompt', label: 'Prompt', Tab: PromptTab },
  { view: 'talk', label: 'Talk', Tab: TalkTab },
  { view: 'history', label: 'History', Tab: HistoryTab },
  { view: 'headers', label: 'Headers', Tab: HeadersTab },
  { view: 'use', label: 'Use', Tab: UseTab },
] as const
export type PersonaTab = (typeof TABS)[number]['view']

/** The tab that a field is edited in; who a persona is stands beside the tabs, or in the first one. */
export const TAB_OF: Record<DraftField, PersonaTab> = {
  name: 'prompt',
  description: 'prompt',
  tags: 'prompt',
  systemPrompt: 'prompt',
  headers: 'headers',
  metadata: 'headers',
}

/** What a tab shows. */
export function tabOf(tab: PersonaTab): (typeof TABS)[number]['Tab'] {
  return (TABS.find(({ view }) => view === tab) ?? TABS[0]).Tab
}

/** The links to the tabs. */
export function Tabs({ projectId, id, tab }: { projectId: string; id: string; tab: PersonaTab }) {
  return (
    <nav class="tabs" aria-label="Persona">
      {TABS.map(({ view, label }) => (
        <a key={view} href={pathTo(view, { projectId, id })} aria-current={view === tab ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  )
}
