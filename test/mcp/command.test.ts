import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, describe, expect, it } from 'vitest'
import { personaNotFound } from '../../src/errors/personas.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { commands, temporaryFolder } from '../support/service-process.js'
import { callTool, eras } from './agents.js'

const [program = '', ...args] = commands.built
const KEY = 'key-for-all-projects-01'

async function agentOf(
  options: string[],
  { env = {}, era = '2026-07-28' }: { env?: Record<string, string>; era?: keyof typeof eras } = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, eras[era])
  const command = { command: program, args: [...args, 'mcp', ...options] }
  await client.connect(
    new StdioClientTransport({ ...command, env: { PATH: process.env.PATH ?? '', ...env }, stderr: 'ignore' }),
  )
  return client
}

/** Runs the command with this input, to its end. */
async function run(options: string[], env: Record<string, string>, input = '') {
  const child = spawn(program, [...args, 'mcp', ...options], {
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  child.stdin.end(input)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, err, code }
}

describe.each(Object.keys(eras) as (keyof typeof eras)[])('personas-api mcp in the protocol of %s', (era) => {
  it('keeps personas in a data folder of its own, until its client closes it', async () => {
    const env = { DATA_DIR: temporaryFolder() }
    const agent = await agentOf(['--project', 'own'], { env, era })
    const { value } = await callTool(agent, 'personas_create', {
      projectId: 'own',
      name: 'a',
      systemPrompt: 'You are a.',
    })
    expect((await agent.listPrompts()).prompts.map(({ name }) => name)).toEqual(['persona', 'a'])
    await agent.close()

    const again = await agentOf([], { env, era })
    expect((await callTool(again, 'personas_get', { projectId: 'own', id: value.id })).value).toEqual(value)
    await again.close()
  })
})

describe('personas-api mcp --url', () => {
  let service: Running
  afterAll(() => service.close())

  it('works on a running service, with its key and its errors', async () => {
    service = await startService(undefined, { env: { API_KEYS: KEY } })
    const projectId = newProjectId()
    const env = { PERSONAS_API_KEY: KEY }
    const agent = await agentOf(['--url', service.url, '--project', projectId], { env })
    const { value } = await callTool(agent, 'personas_create', {
      projectId,
      name: 'a',
      systemPrompt: 'You are a.',
    })
    const keyed = service.as({ authorization: `Bearer ${KEY}` })
    expect(await keyed.client.personas.get.query({ projectId, id: value.id })).toEqual(value)
    expect((await callTool(agent, 'personas_list', { projectId })).value.items).toHaveLength(1)
    const missing = await callTool(agent, 'personas_get', {
      projectId,
      id: '00000000-0000-4000-8000-000000000000',
    })
    expect(missing.error).toBe(personaNotFound().message)
    expect(
      (await callTool(agent, 'personas_get', { projectId, id: value.id, verson: 1 })).details.issues,
    ).toHaveLength(1)
    expect((await agent.listPrompts()).prompts.map(({ name }) => name)).toEqual(['persona', 'a'])
    await agent.close()

    const stranger = await agentOf(['--url', service.url])
    expect((await callTool(stranger, 'personas_list', { projectId })).error).toMatch(/key/i)
    await stranger.close()
  })

  it('says where no service is', async () => {
    const agent = await agentOf(['--url', 'http://127.0.0.1:9'])
    const { error } = await callTool(agent, 'personas_list', { projectId: 'a' })
    expect(error).toContain('http://127.0.0.1:9')
    await agent.close()
  })
})

describe('the command', () => {
  it('writes nothing but the protocol to standard output, and ends with its input', async () => {
    const ping = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    }
    // A setting that is nearly one makes a warning.
    const env = { DATA_DIR: temporaryFolder(), MONGO_URL: 'mongodb://localhost' }
    const { out, err, code } = await run([], env, `${JSON.stringify(ping)}\nno json\n`)
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ id: 1 }])
    expect(err).toContain('MONGODB_URL')
    expect(code).toBe(0)
  })

  it('says in one line why it cannot start', async () => {
    const { out, err, code } = await run([], { DATA_DIR: '/proc/none' })
    expect([out, code]).toEqual(['', 1])
    expect(err).toMatch(/^personas-api: .*\n$/)
  })
})
