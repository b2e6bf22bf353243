import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tools } from '../../src/mcp/tools.js'
import { startImagesApi } from '../portraits/images-api.js'
import { busyGauges } from '../support/gauges.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { callTool, connectAgent } from './agents.js'

const JSON_BODY = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

describe('the tools', () => {
  it('are those of the committed list', () => {
    expect(JSON.parse(readFileSync('docs/mcp-tools.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(tools)))
  })

  it.each(tools.map((tool) => [tool.name, tool] as const))(
    '%s says what a model has to know',
    (name, tool) => {
      expect(name).toMatch(/^[a-z]+_[a-zA-Z]+$/)
      expect(tool.title).not.toBe(name)
      expect(tool.description?.length).toBeGreaterThan(40)
      // Words of REST that an agent has no use for.
      expect(tool.description).not.toMatch(/undefined|Link|X-Next|header `|GET /)
      expect(tool.inputSchema).toMatchObject({ type: 'object' })
      expect(Object.keys(tool.annotations ?? {}).sort()).toEqual([
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
        'readOnlyHint',
      ])
      const costs = tool.annotations?.openWorldHint === true
      expect(tool.description?.includes('Costs money')).toBe(costs)
      if (tool.outputSchema !== undefined) expect(tool.outputSchema).toMatchObject({ type: 'object' })
    },
  )

  it('are none that end a project, or show its settings', () => {
    const names = tools.map(({ name }) => name).join(' ')
    expect(names).not.toMatch(/projects_(delete|getConfig|updateConfig)|images_/)
  })
})

describe('MCP over HTTP', () => {
  let service: Running
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(async () => {
    expect(await busyGauges(service.url)).toEqual({})
    await service.close()
  })

  const post = (body: string, headers: Record<string, string> = {}) =>
    service.send('/mcp', { method: 'POST', headers: { ...JSON_BODY, ...headers }, body })
  const rpc = (method: string, params: object = {}) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

  it('takes JSON within the limits, and says what is wrong in the form of JSON-RPC', async () => {
    for (const [body, status, code] of [
      ['{', 400, -32700],
      ['null', 400, -32600],
      ['', 400, -32600],
      ['[', 400, -32700],
      ['[]', 400, -32600],
      ['[1]', 400, -32600],
      [`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(100)}${']'.repeat(100)}}`, 400, -32600],
      [`{"a":[${'0,'.repeat(30_000)}0]}`, 400, -32600],
      [`{"a":"${'x'.repeat(1024 * 1024)}"}`, 413, -32000],
      ['{"jsonrpc":"2.0","id":1}', 400, -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"tools/list"}', 400, -32600],
    ] as const) {
      const response = await post(body)
      expect([body.slice(0, 60), response.status]).toEqual([body.slice(0, 60), status])
      const message = { jsonrpc: '2.0', error: { code, message: expect.any(String) } }
      expect([body.slice(0, 60), await response.json()]).toEqual([
        body.slice(0, 60),
        expect.objectContaining({ ...message, error: expect.objectContaining(message.error) }),
      ])
    }
    const call = rpc('tools/list')
    expect((await post(call, { 'Content-Type': 'text/plain' })).status).toBe(415)
  })

  it('answers a batch of the version that has them, of up to 20 messages', async () => {
    const call = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'projects_list' },
    })
    const batch = async (count: number) => {
      const messages = Array.from({ length: count }, (_, id) => call(id))
      const response = await post(JSON.stringify(messages), { 'MCP-Protocol-Version': '2025-03-26' })
      return { status: response.status, text: await response.text() }
    }
    const { status, text } = await batch(20)
    const answers = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data))
    expect([status, answers.map(({ id }) => id).sort((a, b) => a - b)]).toEqual([200, [...Array(20).keys()]])
    expect(await batch(21)).toMatchObject({ status: 400, text: expect.stringContaining('at most 20') })
  })

  it('says which parameters are wrong, in plain words', async () => {
    for (const [method, params, message] of [
      ['tools/call', {}, 'name is required'],
      ['tools/call', { name: 7 }, 'name must be a string'],
      ['tools/call', { name: 'personas_list', arguments: 'x' }, 'arguments must be an object'],
      ['tools/list', { cursor: 7 }, 'cursor must be a string'],
      ['tools/list', { cursor: 'junk' }, /cursor is not one of this list/],
      ['prompts/list', { cursor: 'junk' }, /cursor is not one of this list/],
      ['prompts/get', { name: 'persona', arguments: { name: 7 } }, 'arguments.name must be a string'],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'persona' } }, 'argument is required'],
      [
        'completion/complete',
        { ref: { type: 'ref/resource', uri: 'a:b' }, argument: { name: 'a', value: '' } },
        /There are no resources/,
      ],
    ] as const) {
      const text = await (await post(rpc(method, params))).text()
      const { error } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text)
      const expected = typeof message === 'string' ? message : expect.stringMatching(message)
      expect([method, params, error.code, error.message]).toEqual([method, params, -32602, expected])
    }
  })

  it('closes the connection where it is asked to', async () => {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    const body = rpc('tools/list')
    const headers = Object.entries(JSON_BODY).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(
      `POST /mcp HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n${headers.join('')}` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
    // It would end after the idle time of a connection that is kept, much later than the test does.
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(answer).not.toMatch(/keep-alive/i)
  })

  it('has no sessions and no streams, and confirms subscriptions to nothing', async () => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const response = await service.send('/mcp', { method, headers: { Accept: 'text/event-stream' } })
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST'])
    }
    const listen = rpc('subscriptions/listen', { _meta: MODERN, notifications: { toolsListChanged: true } })
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'subscriptions/listen' }
    const events = await (await post(listen, headers)).text()
    const messages = [...events.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data))
    expect(messages).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged', params: { notifications: {} } },
      { id: 1, result: { resultType: 'complete' } },
    ])
  })

  it('answers hostile calls with an error that says what is wrong, and none of 500', async () => {
    const hostile: [string, unknown][] = [
      ['personas_create', { projectId: '..', name: 'a' }],
      ['personas_create', { projectId: 'a\u0000b', name: 'a' }],
      ['personas_create', { projectId: 'a', name: 'x'.repeat(10_000) }],
      ['personas_create', { projectId: 'a', name: `a${'\u0301'.repeat(100_000)}` }],
      ['personas_create', { projectId: 'a', name: 'a', metadata: { locale: 1 } }],
      ['personas_get', { projectId: 'a', id: { $ne: null } }],
      ['personas_get', { projectId: 'a', id: '%00' }],
      ['personas_list', { projectId: 'a', cursor: 'x', full: 'yes' }],
      ['personas_list', { projectId: 'a', limit: 1e9 }],
      ['personas_update', { projectId: 'a', id: 'x', ifMatch: Array(10_000).fill(0) }],
      ['personas_versions', { projectId: 'a', id: '00000000' }],
      ['personas_simulate', { projectId: 'a', id: '00000000', messages: [{ role: 'system', content: '' }] }],
      ['personas_generate', { projectId: 'a', brief: '', count: -1 }],
    ]
    for (const [name, args] of hostile) {
      const response = await post(rpc('tools/call', { name, arguments: args }))
      const text = await response.text()
      expect([name, args, response.status]).toEqual([name, args, 200])
      const { result } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text)
      expect([args, result]).toEqual([args, expect.objectContaining({ isError: true })])
      expect(result.content[0].text).not.toMatch(/unexpected|undefined/i)
    }
    for (const args of ['text', 7, [], null]) {
      const response = await post(rpc('tools/call', { name: 'personas_list', arguments: args }))
      expect(await response.text()).toMatch(/-32602/)
    }
  })

  it('is no way around the checks of Origin and Host', async () => {
    const call = rpc('tools/list')
    expect((await post(call, { Origin: 'https://evil.example' })).status).toBe(403)
    expect((await post(call, { Origin: service.url })).status).toBe(200)
  })

  it('checks Origin where keys are set, too', async () => {
    const key = 'key-for-all-projects-01'
    const keyed = await startService(undefined, {
      env: { API_KEYS: key, CORS_ORIGINS: 'https://app.example' },
    })
    const from = async (path: string, origin?: string) => {
      const headers = { ...JSON_BODY, authorization: `Bearer ${key}`, ...(origin && { Origin: origin }) }
      const body = path === '/mcp' ? rpc('tools/list') : '{"name":"a"}'
      return (await keyed.send(path, { method: 'POST', headers, body })).status
    }
    expect(await from('/mcp')).toBe(200)
    expect(await from('/mcp', keyed.url)).toBe(200)
    expect(await from('/mcp', 'https://app.example')).toBe(200)
    expect(await from('/mcp', 'https://evil.example')).toBe(403)
    expect(await from('/mcp', 'null')).toBe(403)
    // Elsewhere CORS alone decides.
    expect(await from('/api/projects/a/personas', 'https://evil.example')).toBe(201)
    await keyed.close()
  })

  it('is in the metrics and the limits like any route', async () => {
    await post(rpc('tools/list'))
    const metrics = await (await service.send('/metrics')).text()
    expect(metrics).toMatch(/route="\/mcp"/)
  })
})

describe('a portrait', () => {
  it('comes to the agent as a WebP of 256 pixels, and is left out once it is deleted', async () => {
    const images = await startImagesApi()
    const service = await startService(undefined, { env: { OPENAI_BASE_URL: images.url } })
    const agent = await connectAgent(service.url)
    const projectId = newProjectId()
    const llmSettings = { provider: 'openai', apiKey: `sk-test-0123456789-${projectId}` }
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
    const { id } = await service.client.personas.create.mutate({
      projectId,
      name: 'a',
      systemPrompt: 'You are a.',
    })
    const drawn = await callTool(agent, 'personas_generateImage', { projectId, id })
    const [, picture] = drawn.content
    expect(picture).toMatchObject({ type: 'image', mimeType: 'image/webp' })
    const { default: sharp } = await import('sharp')
    const bytes = Buffer.from((picture as { data: string }).data, 'base64')
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 256, height: 256 })
    const got = await callTool(agent, 'personas_get', { projectId, id })
    expect(got.content[1]).toEqual(picture)

    await service.client.images.delete.mutate({ projectId, imageId: drawn.value.imageUrl })
    expect((await callTool(agent, 'personas_get', { projectId, id })).content).toHaveLength(1)
    await agent.close()
    await service.close()
    await images.close()
  })
})
