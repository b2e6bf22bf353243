import { useState } from 'preact/hooks'
import { apiKey } from '../service.js'
import { Copy } from '../ui/states.js'
import type { Editing } from './editing.js'
import { SNIPPETS } from './snippets.js'

/** How to use the persona from elsewhere: snippets with its ids, to copy. */
export function UseTab({ projectId, editing: { saved } }: { projectId: string; editing: Editing }) {
  const [tool, setTool] = useState('curl')
  if (saved === undefined) return null
  const hasKey = apiKey.value !== undefined
  const text = SNIPPETS[tool]?.({ origin: window.location.origin, projectId, persona: saved, hasKey }) ?? ''
  return (
    <section class="use">
      <fieldset class="choices">
        <legend>
          Use <bdi>{saved.name}</bdi> from
        </legend>
        {Object.keys(SNIPPETS).map((name) => (
          <label key={name}>
            <input type="radio" name="tool" checked={name === tool} onChange={() => setTool(name)} />
            {name}
          </label>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must get there */}
      <pre class="snippet" tabIndex={0}>
        {text}
      </pre>
      <p class="actions">
        <Copy text={text} label="Copy snippet" isPlain />
        {hasKey && <span class="hint">Put the key of the service into PERSONAS_API_KEY first.</span>}
      </p>
    </section>
  )
}
