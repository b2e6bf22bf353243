import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherProject } from '../../src/errors/access.js'
import { tools } from '../../src/mcp/tools.js'
import { startImagesApi } from '../portraits/images-api.js'
import { busyGauges } from '../support/gauges.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { callTool, connectAgent, eras } from './agents.js'

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

  it('answers every call of a batch that cancels some of them, and gives back what it took', async () => {
    const call = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'projects_list' },
    })
    const cancel = (requestId: number) => ({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId },
    })
    for (const messages of [
      [call(1), cancel(1)],
      [cancel(1), call(1), call(2), cancel(2)],
    ]) {
      const text = await (await post(JSON.stringify(messages))).text()
      const ids = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data).id)
      expect(ids.sort()).toEqual(messages.flatMap((each) => ('id' in each ? [each.id] : [])).sort())
    }
    expect((await post(JSON.stringify([cancel(1), cancel(2)]))).status).toBe(202)
    await expect.poll(() => busyGauges(service.url)).toEqual({})
  })

  const headersOf = (era: keyof typeof eras, name: string): Record<string, string> =>
    era === '2025-11-25'
      ? { 'MCP-Protocol-Version': era }
      : { 'MCP-Protocol-Version': era, 'Mcp-Method': 'tools/call', 'Mcp-Name': name }

  it.each(Object.keys(eras) as (keyof typeof eras)[])(
    'gives each of many callers with one id its own answer, in the protocol of %s',
    async (era) => {
      const projects = Array.from({ length: 99 }, () => newProjectId())
      const keys = projects.map((projectId, n) => `${projectId}=key-of-one-project-${n}`)
      const keyed = await startService(undefined, { env: { API_KEYS: keys.join(',') } })
      const answers = await Promise.all(
        projects.map(async (own, n) => {
          const args = { projectId: n % 3 === 0 ? projects[n + 1] : own, name: own }
          const response = await keyed.send('/mcp', {
            method: 'POST',
            headers: {
              ...JSON_BODY,
              ...headersOf(era, 'personas_create'),
              authorization: `Bearer key-of-one-project-${n}`,
            },
            body: rpc('tools/call', {
              name: 'personas_create',
              arguments: args,
              ...(era === '2026-07-28' && { _meta: MODERN }),
            }),
          })
          expect(response.headers.get('content-type')).toMatch('application/json')
          const { id, result } = (await response.json()) as any
          return [id, result.structuredContent?.name ?? result.content[0].text]
        }),
      )
      expect(answers).toEqual(projects.map((own, n) => [1, n % 3 === 0 ? otherProject().message : own]))
      await keyed.close()
    },
  )

  it('refuses a call whose headers and message differ, and one that says less than its version asks', async () => {
    const call = rpc('tools/call', { name: 'projects_list', _meta: MODERN })
    const whole = headersOf('2026-07-28', 'projects_list')
    const without = (name: string) =>
      Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name))
    const earlier = rpc('tools/call', { name: 'projects_list' })
    for (const [headers, body, status, message] of [
      [whole, call, 200, undefined],
      [{ ...whole, 'Mcp-Name': 'personas_list' }, call, 400, /Mcp-Name header names .*personas_list/],
      [{ ...whole, 'Mcp-Method': 'tools/list' }, call, 400, /Mcp-Method header names tools.list/],
      [
        { ...whole, 'MCP-Protocol-Version': '2025-11-25' },
        call,
        400,
        /MCP-Protocol-Version header names 2025-11-25/,
      ],
      [without('Mcp-Name'), call, 400, /required Mcp-Name header is absent/],
      [without('Mcp-Method'), call, 400, /required Mcp-Method header is absent/],
      [without('MCP-Protocol-Version'), call, 400, /required MCP-Protocol-Version header is absent/],
      [whole, earlier, 400, /missing the required per-request envelope/],
      [
        { ...whole, 'Mcp-Name': `=?base64?${Buffer.from('projects_list').toString('base64')}?=` },
        call,
        200,
        undefined,
      ],
      [{}, earlier, 200, undefined],
      [{ 'MCP-Protocol-Version': '1999-01-01' }, earlier, 400, /Unsupported protocol version/],
      [{ Accept: 'application/json' }, earlier, 406, /must accept both/],
      [{ 'Content-Type': 'text/plain' }, earlier, 415, /must be application.json/],
    ] as const) {
      const response = await post(body, headers as Record<string, string>)
      const text = await response.text()
      expect([headers, response.status, text]).toEqual([
        headers,
        status,
        expect.stringMatching(message ?? /"result"/),
      ])
    }
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
