import { useLoaded } from '../loading.js'
import { Crumb, Editor } from '../persona/editor.js'
import type { PersonaTab } from '../persona/tabs.js'
import { service } from '../service.js'
import { Failure, Loading } from '../ui/states.js'

interface PersonaViewProps {
  projectId: string
  /** Absent for a persona that is new. */
  id?: string | undefined
  tab: PersonaTab
}

/** A persona, to look at and to edit. */
export function PersonaView({ projectId, id, tab }: PersonaViewProps) {
  if (id === undefined) return <Editor projectId={projectId} initial={undefined} tab={tab} />
  return <Stored projectId={projectId} id={id} tab={tab} />
}

function Stored({ projectId, id, tab }: { projectId: string; id: string; tab: PersonaTab }) {
  const { value, error, reload } = useLoaded(`${projectId} ${id}`, (signal) =>
    service.value.personas.get.query({ projectId, id }, { signal }),
  )
  // What is edited stays, whatever a later look brings.
  if (value !== undefined) return <Editor projectId={projectId} initial={value} tab={tab} />
  return (
    <>
      <Crumb projectId={projectId} />
      {error === undefined ? <Loading what="the persona" /> : <Failure error={error} onRetry={reload} />}
    </>
  )
}
