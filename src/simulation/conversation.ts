/** A message of the conversation. */
export interface Said {
  by: 'persona' | 'agent'
  text: string
}

/** A message as the model gets it: it speaks as the persona, and so the agent is its user. */
export interface ModelMessage {
  role: 'system' | 'user' | 'assistant'
  content: string
}

// Models want a message to answer, and many gateways refuse a conversation that the model itself opens, or drop
// what it said first.
export const OPENING = '[The conversation begins. Write your first message.]'
export const NO_ANSWER = '[The agent has not answered. Write your next message.]'

const ROLES = { persona: 'assistant', agent: 'user' } as const

/**
 * The conversation as the model gets it, after its system message: roles turned round, empty messages left out,
 * neighbours of one role joined by an empty line, and a message of the user both first and last.
 */
export function modelMessages(system: string, said: readonly Said[]): ModelMessage[] {
  const messages: ModelMessage[] = [{ role: 'system', content: system }]
  const add = (role: 'user' | 'assistant', text: string) => {
    const last = messages.at(-1)
    if (last?.role === role) last.content += `\n\n${text}`
    else messages.push({ role, content: text })
  }
  const spoken = said.filter(({ text }) => text.trim() !== '')
  if (spoken[0]?.by !== 'agent') add('user', OPENING)
  for (const { by, text } of spoken) add(ROLES[by], text)
  if (spoken.at(-1)?.by === 'persona') add('user', NO_ANSWER)
  return messages
}
