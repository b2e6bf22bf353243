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

  it('ends the pages of the service where no agent would read on', async () => {
    const projectId = newProjectId()
    const keyed = service.as({ authorization: `Bearer ${KEY}` })
    for (const name of ['a', 'b', 'c']) {
      await keyed.client.personas.create.mutate({ projectId, name, systemPrompt: 'x'.repeat(100_000) })
    }
    const agent = await agentOf(['--url', service.url], { env: { PERSONAS_API_KEY: KEY } })
    const list = async (cursor?: string) =>
      (await callTool(agent, 'personas_list', { projectId, full: true, ...(cursor && { cursor }) })).value
    const { items, nextCursor } = await list()
    const next = await list(nextCursor)
    const names = [items, next.items].map((page) => page.map(({ name }: { name: string }) => name))
    expect([names, next.nextCursor]).toEqual([[['a', 'b'], ['c']], undefined])
    await agent.close()
  })

  it('says what answers at a wrong address, and takes no password in it', async () => {
    const env = { PERSONAS_API_KEY: KEY }
    const agent = await agentOf(['--url', `${service.url}/elsewhere`, '--project', 'a'], { env })
    await expect(agent.listPrompts()).rejects.toMatchObject({ data: { status: 404 } })
    await agent.close()
    const { out, err, code } = await run(['--url', service.url.replace('//', '//user:secret@')], env)
    expect([out, code]).toEqual(['', 2])
    expect(err).toContain('--url must not hold a user name or password')
    expect(err).not.toContain('secret')
  })

  it('says where no service is, at once', async () => {
    const began = Date.now()
    const agent = await agentOf(['--url', 'http://127.0.0.1:9'])
    const { error } = await callTool(agent, 'personas_list', { projectId: 'a' })
    expect(error).toContain('http://127.0.0.1:9')
    const prompts = await agentOf(['--url', 'http://127.0.0.1:9', '--project', 'a'])
    await expect(prompts.listPrompts()).rejects.toThrow('http://127.0.0.1:9')
    await prompts.close()
    // Tried again, each would take half a minute.
    expect(Date.now() - began).toBeLessThan(20_000)
    await agent.close()
  })
})

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

const line = (message: unknown) => `${JSON.stringify(message)}\n`
const answersIn = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((each) => JSON.parse(each))

describe('the command', () => {
  it('writes nothing but the protocol to standard output, and ends with its input', async () => {
    // A setting that is nearly one makes a warning.
    const env = { DATA_DIR: temporaryFolder(), MONGO_URL: 'mongodb://localhost' }
    const { out, err, code } = await run([], env, line(INITIALIZE))
    expect(answersIn(out)).toMatchObject([{ id: 'init' }])
    expect(err).toContain('MONGODB_URL')
    expect(code).toBe(0)
  })

  it('answers what is no message with an error, and goes on', async () => {
    const env = { DATA_DIR: temporaryFolder() }
    const input = [
      line(INITIALIZE),
      'no json\n',
      '\n',
      '[]\n',
      '{"jsonrpc":"2.0","id":7,"method":5}\n',
      `{"jsonrpc":"2.0","id":8,"method":"${'x'.repeat(11 * 1024 * 1024)}"}\n`,
      line({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: {} }),
      // A batch, and no newline at the end.
      JSON.stringify([10, 11].map((id) => ({ jsonrpc: '2.0', id, method: 'ping' }))),
    ]
    const { out, err, code } = await run([], env, input.join(''))
    const answers = answersIn(out)
    const errors = answers.filter(({ error }) => error).map(({ id, error }) => [id, error.code])
    expect(errors.sort()).toEqual(
      [
        [null, -32700],
        [null, -32600],
        [7, -32600],
        [null, -32600],
        [9, -32602],
      ].sort(),
    )
    const ids = answers.filter(({ result }) => result).map(({ id }) => id)
    expect(ids).toEqual(['init', 10, 11])
    expect([err, code]).toEqual(['', 0])
  })

  it('finishes and answers the calls that it has taken when its input ends', async () => {
    const env = { DATA_DIR: temporaryFolder() }
    const calls = Array.from({ length: 100 }, (_, id) => {
      const params = { name: 'personas_create', arguments: { projectId: 'own', name: `persona ${id}` } }
      return line({ jsonrpc: '2.0', id, method: 'tools/call', params })
    })
    const { out, code } = await run([], env, line(INITIALIZE) + calls.join(''))
    const created = answersIn(out).filter(({ result }) => result?.structuredContent?.version === 1)
    expect([created.length, code]).toEqual([100, 0])
    const agent = await agentOf([], { env })
    const { value } = await callTool(agent, 'personas_list', { projectId: 'own', limit: 500 })
    expect(value.items).toHaveLength(100)
    await agent.close()
  })

  it('says in one line why it cannot start', async () => {
    const { out, err, code } = await run([], { DATA_DIR: '/proc/none' })
    expect([out, code]).toEqual(['', 1])
    expect(err).toMatch(/^personas-api: .*\n$/)
  })
})
