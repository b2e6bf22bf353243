import { useState } from 'preact/hooks'
import { startWithDemo, startWithPersona } from '../projects.js'
import { Empty } from '../ui/states.js'

/** What a persona is, and the two ways to begin. */
export function FirstVisit({ projectId }: { projectId: string }) {
  const [isBusy, setBusy] = useState(false)
  async function start(how: (projectId: string) => Promise<void>) {
    setBusy(true)
    await how(projectId)
    setBusy(false)
  }
  return (
    <Empty title="No personas yet">
      <p>
        A persona is a simulated user: who they are, what they want, how they write and when they give up.
        Your agent is tested by talking to them, and each brings headers of its own, so that it is treated
        like the user it plays.
      </p>
      <p class="actions">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void start(startWithPersona)}>
          New persona
        </button>
        <button type="button" disabled={isBusy} onClick={() => void start(startWithDemo)}>
          {isBusy ? 'Loading…' : 'Load twelve demo personas'}
        </button>
      </p>
    </Empty>
  )
}
