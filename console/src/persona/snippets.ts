import type { Persona } from '../service.js'

/** What a snippet is of. */
export interface Target {
  origin: string
  projectId: string
  persona: Pick<Persona, 'id' | 'name'>
  /** Whether requests need a key: snippets name a variable, never the key. */
  hasKey: boolean
}

/** How a persona is used from elsewhere, by the name of the tool. */
export const SNIPPETS: Record<string, (target: Target) => string> = {
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
