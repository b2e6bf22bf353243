import { Portrait } from '../portrait.js'
import { pathTo } from '../router.js'
import type { Persona } from '../service.js'

/** Tags that a card shows, at most. */
const MAX_TAGS = 3
/** Pixels that a letter of a tag takes, about; what surrounds it; and what says how many there are beside. */
const LETTER = 6.6
const AROUND = 22
const MORE = 32
/** Cards narrower than this have their tags closer around the letters, as in the styles. */
const NARROW = 160
const AROUND_NARROW = 14

/** How many tags a width has room for: a tag is shown whole, or counted; the first is shown in any case. */
function fitting(tags: readonly string[], width: number): number {
  const around = width < NARROW ? AROUND_NARROW : AROUND
  let used = 0
  for (const [at, tag] of tags.slice(0, MAX_TAGS).entries()) {
    used += tag.length * LETTER + around
    const spare = at + 1 < tags.length ? MORE : 0
    if (used + spare > width) return Math.max(1, at)
  }
  return Math.min(tags.length, MAX_TAGS)
}

interface CardProps {
  projectId: string
  persona: Persona
  /** Pixels that its text may be wide. */
  room: number
  isSelected: boolean
  isFocusable: boolean
  onSelect: (isSelected: boolean, withShift: boolean) => void
  onFocus: () => void
}

/** A persona as a card: its face, name, what it is like, and tags. */
export function Card({ projectId, persona, room, isSelected, isFocusable, onSelect, onFocus }: CardProps) {
  const { id, name, description, tags = [] } = persona
  const shown = tags.slice(0, fitting(tags, room))
  const more = tags.length - shown.length
  return (
    <article class={isSelected ? 'card selected' : 'card'} onFocusCapture={onFocus}>
      <Portrait projectId={projectId} persona={persona} size={256} />
      <div class="about">
        <h2>
          <a
            href={pathTo('prompt', { projectId, id })}
            tabIndex={isFocusable ? 0 : -1}
            dir="auto"
            title={name}
          >
            {name}
          </a>
        </h2>
        <p class="description" dir="auto">
          {description}
        </p>
        {tags.length > 0 && (
          <p class="tags">
            {shown.map((tag) => (
              <span key={tag} class="tag" dir="auto">
                {tag}
              </span>
            ))}
            {more > 0 && <span class="tag more">+{more}</span>}
          </p>
        )}
      </div>
      <input
        type="checkbox"
        class="select"
        aria-label={`Select ${name}`}
        checked={isSelected}
        tabIndex={isFocusable ? 0 : -1}
        onClick={(event) => onSelect(event.currentTarget.checked, event.shiftKey)}
      />
    </article>
  )
}
