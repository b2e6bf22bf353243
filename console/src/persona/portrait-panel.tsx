import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { showAsIs } from '../gallery/listing.js'
import { drawings, Portrait, setDrawing } from '../portrait.js'
import { pathTo } from '../router.js'
import { type Persona, service, toldOf } from '../service.js'
import { say } from '../toasts.js'
import { Failure } from '../ui/states.js'
import { StyleReferences } from './style-references.js'

interface PortraitPanelProps {
  projectId: string
  persona: Persona
  /** Whether the form has changes that are not saved: a portrait is drawn from what is saved. */
  isDirty: boolean
  onDrawn: (persona: Persona) => void
  /** What stands beside the portrait, above its button. */
  children?: ComponentChildren
}

/** The portrait, the button that draws it, and the pictures whose style it is drawn in. */
export function PortraitPanel({ projectId, persona, isDirty, onDrawn, children }: PortraitPanelProps) {
  const { id, imageUrl, systemPrompt } = persona
  const drawing = drawings.value.get(id)
  const isDrawing = drawing?.state === 'drawing'
  useEffect(
    () => () => {
      // It was seen; what was wrong may be right when one comes back.
      if (drawings.value.get(id)?.state === 'failed') setDrawing(id, undefined)
    },
    [id],
  )
  async function draw() {
    setDrawing(id, { state: 'drawing' })
    try {
      const drawn = await service.value.personas.generateImage.mutate({ projectId, id })
      setDrawing(id, undefined)
      say(`The portrait of ${drawn.name} is drawn`)
      showAsIs(drawn)
      onDrawn(drawn)
    } catch (error) {
      setDrawing(id, { state: 'failed', error })
    }
  }
  return (
    <section class="portrait-panel" aria-label="Portrait">
      <Portrait projectId={projectId} persona={persona} size={512} />
      <div>
        {children}
        <button
          type="button"
          disabled={isDrawing || systemPrompt === undefined || isDirty}
          onClick={() => void draw()}
        >
          {isDrawing
            ? 'Drawing…'
            : `${imageUrl === undefined ? 'Draw portrait' : 'Draw again'} (costs money)`}
        </button>
        {systemPrompt === undefined && (
          <p class="hint">A portrait is drawn from the system prompt; save one first.</p>
        )}
        {isDirty && systemPrompt !== undefined && (
          <p class="hint">Save first: it is drawn from what is saved.</p>
        )}
        {drawing?.state === 'failed' && (
          <>
            <Failure error={drawing.error} />
            {toldOf(drawing.error).message.includes('provider') && (
              <p class="hint">
                The provider is chosen in the <a href={pathTo('settings', { projectId })}>settings</a>.
              </p>
            )}
          </>
        )}
        <StyleReferences projectId={projectId} />
      </div>
    </section>
  )
}
