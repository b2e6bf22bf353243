import { useState } from 'preact/hooks'
import { apiKey, type Persona } from '../service.js'
import { Copy } from '../ui/states.js'
import type { Editing } from './editing.js'

interface Target {
  origin: string
  projectId: string
  persona: Pick<Persona, 'id' | 'name'>
  /** Whether requests need a key: snippets name a variable, never the key. */
  hasKey: boolean
}

/** How a persona is used from elsewhere, by the name of the tool. */
const SNIPPETS: Record<string, (target: Target) => string> = {
  curl: ({ origin, projectId, persona, hasKey }) =>
    `curl ${origin}/api/projects/${encodeURIComponent(projectId)}/personas/${persona.id}/simulate \\
${hasKey ? '  -H "Authorization: Bearer $PERSONAS_API_KEY" \\\n' : ''}  -H "Content-Type: application/json" \\
  -d '{"messages": [{"role": "assistant", "content": "How can I help?"}]}'`,
  TypeScript: ({ origin, projectId, persona, hasKey }) =>
    `import { createPersonasClient, simulate } from 'personas-api-client'

const client = createPersonasClient({
  url: ${JSON.stringify(origin)},${hasKey ? '\n  apiKey: process.env.PERSONAS_API_KEY,' : ''}
})
const agent = async (messages) => 'How can I help?' // ask your agent here
for await (const turn of simulate(client, {
  projectId: ${JSON.stringify(projectId)},
  id: ${JSON.stringify(persona.id)},
  maxTurns: 10,
  agent,
})) {
  console.log(turn)
}`,
  Python: ({ origin, projectId, persona, hasKey }) =>
    `import os
from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(`${origin}/api/projects/${encodeURIComponent(projectId)}/openai/v1`)},
    api_key=${hasKey ? 'os.environ["PERSONAS_API_KEY"]' : '"none"'},
)
answer = client.chat.completions.create(
    model=${JSON.stringify(persona.id)},
    messages=[{"role": "user", "content": "How can I help?"}],
)
print(answer.choices[0].message.content)`,
  promptfoo: ({ origin, projectId, persona, hasKey }) =>
    `providers:
  - id: ${JSON.stringify(`openai:chat:${persona.id}`)}
    config:
      apiBaseUrl: ${JSON.stringify(`${origin}/api/projects/${encodeURIComponent(projectId)}/openai/v1`)}
      ${hasKey ? 'apiKeyEnvar: PERSONAS_API_KEY' : 'apiKey: none'}`,
  MCP: ({ origin, projectId, hasKey }) =>
    `claude mcp add --transport http personas "${origin}/mcp?projectId=${encodeURIComponent(projectId)}"${
      hasKey ? ' \\\n  --header "Authorization: Bearer $PERSONAS_API_KEY"' : ''
    }`,
}

/** How to use the persona from elsewhere: snippets with its ids, to copy. */
export function UseTab({ projectId, editing: { saved } }: { projectId: string; editing: Editing }) {
  const [tool, setTool] = useState('curl')
  if (saved === undefined) return null
  const hasKey = apiKey.value !== undefined
  const text = SNIPPETS[tool]?.({ origin: window.location.origin, projectId, persona: saved, hasKey }) ?? ''
  return (
    <section class="use">
      <fieldset class="choices">
        <legend>Use {saved.name} from</legend>
        {Object.keys(SNIPPETS).map((name) => (
          <label key={name}>
            <input type="radio" name="tool" checked={name === tool} onChange={() => setTool(name)} /> {name}
          </label>
        ))}
      </fieldset>
      <p>
        <Copy text={text} label="Copy snippet" />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must get there */}
      <pre class="snippet" tabIndex={0}>
        {text}
      </pre>
    </section>
  )
}
