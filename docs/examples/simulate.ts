// Tests a support bot with three personas. Needs a project whose llmSettings have a key of OpenAI's, and costs a cent.
import { createPersonasClient, type SimulatedMessage, simulate } from 'personas-api-client'

const { PERSONAS_URL = 'http://localhost:3000', PERSONAS_API_KEY, PROJECT = 'support-bot' } = process.env
const client = createPersonasClient({ url: PERSONAS_URL, apiKey: PERSONAS_API_KEY })

const personas = {
  hurried: 'You are Ada. You answer in a few words and never say please. Your order is 1042.',
  confused: 'You are Ben, 78. You mix up order numbers and parcel numbers. Your order is 1043.',
  furious: 'You are Cleo. You have written twice already, and you threaten to leave. Your order is 1044.',
}

/** The bot that is tested: yours is asked over HTTP, as a rule. */
function agent(messages: SimulatedMessage[]): string {
  const said = messages.filter(({ role }) => role === 'user').map(({ content }) => content)
  const [order] = said.join(' ').match(/\b\d{4}\b/) ?? []
  return order === undefined
    ? 'Which order is it about?'
    : `I have refunded order ${order}, reference R-${order}.`
}

let failed = 0
for (const [name, systemPrompt] of Object.entries(personas)) {
  const all = client.personas.all({ projectId: PROJECT })
  let id: string | undefined
  for await (const persona of all) if (persona.name === name) id = persona.id
  id ??= (await client.personas.create.mutate({ projectId: PROJECT, name, systemPrompt })).id

  const goal = 'The refund is made, and its reference is known.'
  const options = { projectId: PROJECT, id, goal, maxTurns: 6, signal: AbortSignal.timeout(120_000), agent }
  for await (const turn of simulate(client, options)) {
    if (turn.message !== undefined) console.log(`${name}: ${turn.message.content}`)
    if (turn.reply !== undefined) console.log(`agent: ${turn.reply}`)
    if (!turn.done) continue
    console.log(`${name}: ${turn.reason}`)
    if (turn.reason !== 'goal_reached') failed += 1
  }
}
process.exitCode = failed === 0 ? 0 : 1
