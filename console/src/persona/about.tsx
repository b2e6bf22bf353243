import { useEffect, useRef } from 'preact/hooks'
import { Field, issuesOf } from '../ui/field.js'
import type { Editing } from './editing.js'
import { TagInput } from './tag-input.js'

/** Who a persona is: its name, description and tags. */
export function About({ editing }: { editing: Editing }) {
  const { draft, issues, change, saved } = editing
  const name = useRef<HTMLInputElement>(null)
  const isNew = saved === undefined
  useEffect(() => {
    // Who makes a persona begins with its name.
    if (isNew) name.current?.focus()
  }, [isNew])
  return (
    <div class="who-fields">
      <Field label="Name" issues={issuesOf(issues, 'name')}>
        {(described) => (
          <input
            {...described}
            ref={name}
            dir="auto"
            value={draft.name}
            onInput={({ currentTarget }) => change({ name: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" issues={issuesOf(issues, 'description')}>
        {(described) => (
          <textarea
            {...described}
            rows={3}
            dir="auto"
            placeholder="Wants one answer, and fast"
            value={draft.description}
            onInput={({ currentTarget }) => change({ description: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Tags" issues={issuesOf(issues, 'tags')} hint="Enter adds a tag.">
        {(described) => (
          <TagInput described={described} tags={draft.tags} onChange={(tags) => change({ tags })} />
        )}
      </Field>
    </div>
  )
}
