import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { Picture } from './picture.js'
import type { Persona } from './service.js'

/** What became of the drawing of a portrait: it is under way, or failed. */
export type Drawing = { state: 'drawing' } | { state: 'failed'; error: unknown }

/** The portraits that this page has drawn, by the ids of their personas. */
export const drawings = signal<ReadonlyMap<string, Drawing>>(new Map())

export function setDrawing(id: string, drawing: Drawing | undefined): void {
  const next = new Map(drawings.value)
  if (drawing === undefined) next.delete(id)
  else next.set(id, drawing)
  drawings.value = next
}

/** Steps between the hues of names: few enough to be told apart. */
const HUE_STEP = 30

/** A hue of a name, in degrees: the same everywhere and always. */
export function hueOf(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 3_600_000
  return (sum % (360 / HUE_STEP)) * HUE_STEP
}

/** The initials of a name: of its first two words, or its first letter. */
export function initialsOf(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '')
  return letters.join('').toUpperCase() || [...name][0] || '?'
}

interface PortraitProps {
  projectId: string
  persona: Pick<Persona, 'id' | 'name' | 'imageUrl'>
  size: 64 | 128 | 256 | 512
}

/** A persona's face, or its initials where it has none; says when it is being drawn. Beside it stands the name. */
export function Portrait({ projectId, persona, size }: PortraitProps) {
  const { id, name, imageUrl } = persona
  const [missing, setMissing] = useState<string>()
  const isDrawing = drawings.value.get(id)?.state === 'drawing'
  const hasFace = imageUrl !== undefined && imageUrl !== missing
  return (
    <div class="portrait" style={{ '--hue': String(hueOf(name)) }}>
      {hasFace ? (
        <Picture
          key={imageUrl}
          projectId={projectId}
          imageId={imageUrl}
          size={size}
          alt=""
          onMissing={() => setMissing(imageUrl)}
        />
      ) : (
        <span class="initials" aria-hidden="true">
          {initialsOf(name)}
        </span>
      )}
      {isDrawing && (
        <span class="drawing">
          <span class="spinner" aria-hidden="true" /> Drawing
        </span>
      )}
    </div>
  )
}
