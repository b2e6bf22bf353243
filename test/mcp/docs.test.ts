import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tools } from '../../src/mcp/tools.js'
import { type Running, startService } from '../support/helper.js'
import { commands } from '../support/service-process.js'

const KEY = 'a-key-of-the-service'
const guide = readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8')

/** The text of the code block below a heading. */
function block(heading: string): string {
  const text = guide.split(`### ${heading}\n`)[1] ?? ''
  return /```\w+\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
}

describe('docs/agents.md', () => {
  let service: Running
  beforeAll(async () => {
    service = await startService(undefined, { env: { API_KEYS: KEY } })
  })
  afterAll(() => service.close())

  async function toolsOver(url: string, authorization: string): Promise<number> {
    const client = new Client({ name: 'docs', version: '1' })
    const own = url.replace('http://localhost:3000', service.url)
    const headers = { authorization: authorization.replace(/\$\{?[\w:-]+\}?/, KEY) }
    await client.connect(new StreamableHTTPClientTransport(new URL(own), { requestInit: { headers } }))
    const listed = await client.listTools()
    await client.close()
    return listed.tools.length
  }

  it('has a command for Claude Code whose URL and header lead to the tools', async () => {
    const [, url = '', header = ''] =
      /(http:\S+) --header "Authorization: ([^"]+)"/.exec(block('Claude Code')) ?? []
    expect(await toolsOver(url, header)).toBe(tools.length)
  })

  it.each([
    ['Cursor', 'mcpServers'],
    ['VS Code', 'servers'],
  ])('has settings for %s that lead to the tools', async (program, servers) => {
    const { url, headers } = JSON.parse(block(program))[servers].personas
    expect(await toolsOver(url, headers.Authorization)).toBe(tools.length)
  })

  it('has settings for Claude Desktop that start a program with the tools', async () => {
    const { command, args, env } = JSON.parse(block('Claude Desktop')).mcpServers.personas
    expect([command, args[0]]).toEqual(['node', expect.stringMatching(/\/dist\/main\.js$/)])
    const [program = '', ...own] = commands.built
    const options = args.slice(1).map((each: string) => each.replace('http://localhost:3000', service.url))
    const client = new Client({ name: 'docs', version: '1' })
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    await client.connect(
      new StdioClientTransport({
        command: program,
        args: [...own, ...options],
        env: { PATH: process.env.PATH ?? '', ...env },
        cwd,
        stderr: 'ignore',
      }),
    )
    expect((await client.listTools()).tools).toHaveLength(tools.length)
    await client.close()
  })

  it('names every tool', () => {
    for (const { name } of tools) expect(guide).toContain(`\`${name}\``)
  })
})

describe('/llms.txt', () => {
  it('leads a model to every operation and tool, without a key', async () => {
    const service = await startService(undefined, { env: { API_KEYS: KEY } })
    const response = await service.send('/llms.txt')
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; charset=utf-8',
    ])
    const text = await response.text()
    expect(text).toMatch(/^# Personas API\n\n> /)
    for (const { name } of tools) expect(text).toContain(`\`${name}\``)
    for (const [, path = ''] of text.matchAll(/\]\((\/[^)]*)\)/g)) {
      expect([path, (await service.send(path)).status]).toEqual([path, path === '/mcp' ? 405 : 200])
    }
    await service.close()
  })
})
