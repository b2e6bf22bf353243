import { Portrait } from '../portrait.js'
import { pathTo } from '../router.js'
import type { Persona } from '../service.js'

/** Tags that a card has room for. */
const MAX_TAGS = 3

interface CardProps {
  projectId: string
  persona: Persona
  isSelected: boolean
  isFocusable: boolean
  onSelect: (isSelected: boolean, withShift: boolean) => void
  onFocus: () => void
}

/** A persona as a card: its face, name, what it is like, and tags. */
export function Card({ projectId, persona, isSelected, isFocusable, onSelect, onFocus }: CardProps) {
  const { id, name, description, tags = [] } = persona
  const more = tags.length - MAX_TAGS
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
            {tags.slice(0, MAX_TAGS).map((tag) => (
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
