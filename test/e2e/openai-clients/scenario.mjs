// LangWatch Scenario, with a persona as its simulated user. Run by tsx: it imports files that Node alone does not find.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import * as scenario from '@langwatch/scenario'

const { BASE_URL: baseURL, API_KEY: apiKey } = process.env
const model = createOpenAICompatible({ name: 'personas', baseURL, apiKey })('Müller / Sohn')
const heard = []
const agent = {
  role: scenario.AgentRole.AGENT,
  call: async ({ messages }) => {
    heard.push(messages.at(-1).content)
    return 'Which order is it about?'
  },
}

const { success } = await scenario.run({
  name: 'refund',
  description: 'The user wants a refund for order 1042.',
  agents: [agent, scenario.userSimulatorAgent({ model, systemPrompt: 'You want a refund for order 1042.' })],
  script: [scenario.user(), scenario.agent(), scenario.user(), scenario.agent(), scenario.succeed()],
})
console.log(JSON.stringify({ success, heard }))
// Its tracing would keep the process.
process.exit(0)
