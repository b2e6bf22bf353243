import { useState } from 'preact/hooks'
import type { Described } from '../ui/field.js'

interface TagInputProps {
  described: Described
  tags: string[]
  onChange: (tags: string[]) => void
}

/** Tags, each with a button to remove it; Enter or a comma adds what was typed. */
export function TagInput({ described, tags, onChange }: TagInputProps) {
  const [text, setText] = useState('')
  function add() {
    const tag = text.trim()
    setText('')
    if (tag !== '' && !tags.includes(tag)) onChange([...tags, tag])
  }
  return (
    <div class="tag-input">
      {tags.map((tag) => (
        <span key={tag} class="tag" dir="auto">
          {tag}
          <button
            type="button"
            class="quiet"
            aria-label={`Remove tag ${tag}`}
            onClick={() => onChange(tags.filter((each) => each !== tag))}
          >
            ×
          </button>
        </span>
      ))}
      <input
        {...described}
        value={text}
        dir="auto"
        placeholder="Add a tag"
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onBlur={add}
        onKeyDown={(event) => {
          if ((event.key === 'Enter' || event.key === ',') && !event.isComposing) {
            event.preventDefault()
            add()
          } else if (event.key === 'Backspace' && text === '') onChange(tags.slice(0, -1))
        }}
      />
    </div>
  )
}
