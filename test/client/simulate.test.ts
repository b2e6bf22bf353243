import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createPersonasClient,
  isPersonasError,
  type SimulatedMessage,
  type SimulatedTurn,
  simulate,
} from '../../src/client/client.js'
import { openAiErrors } from '../portraits/images-api.js'
import { type ChatApi, startChatApi, turn } from '../simulation/chat-api.js'
import { newProjectId, type Running, startService } from '../support/helper.js'

let api: ChatApi
let service: Running
beforeAll(async () => {
  api = await startChatApi()
  service = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
})
beforeEach(() => api.reset())
afterAll(async () => {
  await service.close()
  await api.close()
})

async function provided(projectId = newProjectId()) {
  const llmSettings = { provider: 'openai', apiKey: `sk-test-0123456789-${projectId}` }
  await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
  return projectId
}

async function speaker() {
  const projectId = await provided()
  const given = { projectId, name: 'a', systemPrompt: 'You are brief.' }
  const { id } = await service.client.personas.create.mutate(given)
  const client = createPersonasClient({ url: service.url })
  return { client, projectId, id }
}

async function all(turns: AsyncIterable<SimulatedTurn>): Promise<SimulatedTurn[]> {
  const found: SimulatedTurn[] = []
  for await (const each of turns) found.push(each)
  return found
}

describe('a conversation', () => {
  it('goes on until the persona is done, and gives the transcript', async () => {
    const { client, projectId, id } = await speaker()
    api.reply(turn('My refund?'), turn('1042'), turn('Thanks.', 'goal_reached'))
    const heard: string[][] = []
    const agent = async (messages: SimulatedMessage[]) => {
      heard.push(messages.map(({ content }) => content))
      return messages.length === 1 ? 'Which order?' : 'Refunded.'
    }
    const turns = await all(simulate(client, { projectId, id, goal: 'A refund', agent }))
    expect(turns.map(({ message, reply, reason }) => [message?.content, reply, reason])).toEqual([
      ['My refund?', 'Which order?', 'continue'],
      ['1042', 'Refunded.', 'continue'],
      ['Thanks.', undefined, 'goal_reached'],
    ])
    expect(heard).toEqual([['My refund?'], ['My refund?', 'Which order?', '1042']])
    expect(turns.at(-1)?.transcript).toEqual([
      { role: 'user', content: 'My refund?' },
      { role: 'assistant', content: 'Which order?' },
      { role: 'user', content: '1042' },
      { role: 'assistant', content: 'Refunded.' },
      { role: 'user', content: 'Thanks.' },
    ])
  })

  it('ends after maxTurns, and goes on from what was said before', async () => {
    const { client, projectId, id } = await speaker()
    const messages: SimulatedMessage[] = [{ role: 'assistant', content: 'Welcome' }]
    const options = { projectId, id, messages, maxTurns: 2, agent: () => 'No.' }
    const turns = await all(simulate(client, options))
    expect(turns.map(({ reason }) => reason)).toEqual(['continue', 'continue', 'max_turns'])
    expect(turns[0]?.transcript[0]).toEqual({ role: 'assistant', content: 'Welcome' })
    expect(messages).toHaveLength(1)
    expect(api.requests).toHaveLength(2)
  })

  it('makes no call twice, and ends with the error of a call or of the agent', async () => {
    const { client, projectId, id } = await speaker()
    api.reply(openAiErrors.rateLimited)
    const options = { projectId, id, agent: () => 'Yes?' }
    const failed = all(simulate(client, options))
    await expect(failed).rejects.toSatisfy((error) => isPersonasError(error, 'TOO_MANY_REQUESTS'))
    expect(api.requests).toHaveLength(1)
    const agent = () => Promise.reject(new Error('the bot is down'))
    await expect(all(simulate(client, { ...options, agent }))).rejects.toThrow('the bot is down')
  })

  it('ends with the reason of its signal, at the service or at the agent', async () => {
    const { client, projectId, id } = await speaker()
    const leaving = new AbortController()
    const agent = (_: SimulatedMessage[], { signal }: { signal?: AbortSignal | undefined }) => {
      expect(signal).toBe(leaving.signal)
      leaving.abort(new Error('enough'))
      return 'Yes?'
    }
    const options = { projectId, id, agent, signal: leaving.signal }
    await expect(all(simulate(client, options))).rejects.toThrow('enough')
    await expect(all(simulate(client, options))).rejects.toThrow('enough')
    expect(api.requests).toHaveLength(1)
  })

  it('ends by its signal also where the agent does not look at it', async () => {
    const { client, projectId, id } = await speaker()
    const leaving = new AbortController()
    const agent = () => {
      setTimeout(() => leaving.abort(new Error('enough')), 10)
      return new Promise<string>(() => {})
    }
    await expect(all(simulate(client, { projectId, id, agent, signal: leaving.signal }))).rejects.toThrow(
      'enough',
    )
  })

  it('ends by max_turns where no more messages fit', async () => {
    const { client, projectId, id } = await speaker()
    const messages = Array.from(
      { length: 197 },
      (): SimulatedMessage => ({ role: 'assistant', content: 'Hm' }),
    )
    const options = { projectId, id, messages, maxTurns: 50, agent: () => 'No.' }
    const turns = await all(simulate(client, options))
    expect(turns.map(({ reason }) => reason)).toEqual(['continue', 'max_turns'])
  })
})

describe('docs/examples/simulate.ts', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'personas-simulate-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('compiles, and tests its bot with three personas', async () => {
    const installed = join(folder, 'node_modules/personas-api-client')
    mkdirSync(installed, { recursive: true })
    copyFileSync(join(root, 'docs/examples/simulate.ts'), join(folder, 'simulate.ts'))
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(installed, 'package.json'), '{"type": "module", "exports": "./index.js"}')
    writeFileSync(
      join(installed, 'index.js'),
      `export * from ${JSON.stringify(`${root}/src/client/client.ts`)}`,
    )
    const compilerOptions = {
      typeRoots: [join(root, 'node_modules/@types')],
      paths: { 'personas-api-client': [join(root, 'src/client/client.ts')] },
    }
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['simulate.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const run = (program: string, args: string[], env = {}) =>
      promisify(execFile)(join(root, 'node_modules/.bin', program), args, {
        cwd: folder,
        env: { ...process.env, ...env },
      })
    await run('tsc', ['-p', folder])

    const PROJECT = await provided()
    for (const order of ['1042', '1043', '1044']) {
      api.reply(turn('Refund!'), turn(order), turn('', 'goal_reached'))
    }
    const { stdout } = await run('tsx', ['simulate.ts'], { PERSONAS_URL: service.url, PROJECT })
    expect(stdout.match(/^\w+: goal_reached$/gm)).toEqual([
      'hurried: goal_reached',
      'confused: goal_reached',
      'furious: goal_reached',
    ])
    expect(stdout).toContain('agent: I have refunded order 1043, reference R-1043.')
  })
})
