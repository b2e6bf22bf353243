import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { root, run } from '../package/tools.js'
import { type ChatApi, DEFAULT_TEXT, says, startChatApi } from '../simulation/chat-api.js'
import { newProjectId, type Running, startService } from '../support/helper.js'

const KEY = 'a-key-that-opens-everything'
const NAME = 'Müller / Sohn'
/** The clients as the registry has them. Scripts of packages stay off: one would fetch a program from elsewhere. */
const PACKAGES = ['openai@6', '@langwatch/scenario@0.5', '@ai-sdk/openai-compatible@2', 'ai@6']
const hasPython = await run(['python3', '-m', 'venv', '--help'], root).then(
  () => true,
  () => false,
)

const folder = mkdtempSync(join(tmpdir(), 'personas-openai-clients-'))
let api: ChatApi
let service: Running
let baseUrl: string
beforeAll(async () => {
  cpSync(join(root, 'test/e2e/openai-clients'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type": "module", "private": true}')
  await run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...PACKAGES], folder)
  api = await startChatApi()
  const env = { OPENAI_BASE_URL: api.url, API_KEYS: KEY }
  service = await startService(undefined, { env, headers: { authorization: `Bearer ${KEY}` } })
  const projectId = newProjectId()
  const llmSettings = { provider: 'openai', apiKey: 'sk-test-0123456789' }
  await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
  await service.client.personas.create.mutate({ projectId, name: NAME, systemPrompt: 'You are brief.' })
  baseUrl = `${service.url}/api/projects/${projectId}/openai/v1`
})
beforeEach(() => api.reset())
afterAll(async () => {
  await service?.close()
  await api?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What a client's program found, from the last line that it wrote. */
async function found(command: string[]): Promise<any> {
  const env = [`BASE_URL=${baseUrl}`, `API_KEY=${KEY}`, 'SCENARIO_DISABLE_SIMULATION_REPORT_INFO=true']
  const output = await run(['env', ...env, ...command], folder)
  return JSON.parse(output.split('\n').findLast((line) => line.startsWith('{')) ?? '')
}

const spoken = { text: DEFAULT_TEXT, streamed: DEFAULT_TEXT }
const all = { models: [NAME], one: NAME, ...spoken, missing: 404 }

describe('unchanged clients speak with a persona:', () => {
  it('openai from npm', async () => {
    expect(await found(['node', 'openai.mjs'])).toEqual(all)
    expect(api.requests).toHaveLength(2)
  })

  it('the AI SDK', async () => {
    expect(await found(['node', 'ai-sdk.mjs'])).toEqual(spoken)
    expect(api.lastMessages()[0]?.[1]).toContain('<scenario>\nOrder 1042.\n</scenario>')
  })

  it('LangWatch Scenario', async () => {
    api.reply(says('Refund!'), says('1042'))
    expect(await found([join(root, 'node_modules/.bin/tsx'), 'scenario.mjs'])).toEqual({
      success: true,
      heard: ['Refund!', '1042'],
    })
    const [, ...said] = api.lastMessages()
    expect(said.map(([, text]) => text)).toContain('Which order is it about?')
    expect(api.requests).toHaveLength(2)
  })

  it.runIf(hasPython)('openai from PyPI', async () => {
    await run(['python3', '-m', 'venv', 'python'], folder)
    await run(['python/bin/pip', 'install', '--quiet', 'openai'], folder)
    expect(await found(['python/bin/python', 'openai_client.py'])).toEqual(all)
  })
})
