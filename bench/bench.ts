// Speed as users see it: the built service and baselines that do the same work by hand, measured in turn in one
// run. Prints ratios of requests per second and of 99th percentiles of latency (the median of the rounds; more is
// faster), then all latencies.
// usage: npm run bench [-- --quick] [--runtime bun] [--only text] [--before folder: a built checkout to compare with]
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type Comparison, comparer, type Pace } from './compare.js'
import { fire, median, type Shot } from './load.js'
import { readOptions } from './options.js'
import { sample } from './sample.js'
import { folder, seed } from './seed.js'
import { memoryOf, pinToOneCpu, type Runtime, type Server, startBaseline, startBuilt } from './servers.js'

const options = readOptions({ before: { type: 'string' } })
const pace: Pace = options.quick
  ? { rounds: 2, ms: 150, warmUp: { requests: 1, ms: 150 } }
  : // V8 needs about this many requests to compile the code of a create; a service in use is past that.
    { rounds: 31, ms: 250, warmUp: { requests: 10_000, ms: 5_000 } }
const MANY = options.quick ? 20_000 : 1_000_000
const PROJECT = 'bench'

const { compare: compareAll, latencyTable } = comparer(pace)
async function compare(comparison: Comparison): Promise<void> {
  if (comparison.name.includes(options.only)) await compareAll(comparison)
}

const runtime: Runtime = { command: options.runtime, prefix: pinToOneCpu() }

async function get(server: Server, path: string): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return response.json()
}

let made = 0
/** A new persona with a unique name, as JSON. */
function draft(): string {
  made += 1
  const { description, systemPrompt, headers } = sample
  return JSON.stringify({ name: `made ${made}`, description, systemPrompt, headers })
}

function trpcGet(ids: string[]): string {
  const input = Object.fromEntries(ids.map((id, at) => [at, { projectId: PROJECT, id }]))
  const path = ids.map(() => 'personas.get').join(',')
  return `/trpc/${path}?batch=1&input=${encodeURIComponent(JSON.stringify(input))}`
}

function trpcConstant(count: number): string {
  const input = Object.fromEntries(Array.from({ length: count }, (_, at) => [at, { id: sample.id }]))
  const path = Array(count).fill('constant').join(',')
  return `/trpc/${path}?batch=1&input=${encodeURIComponent(JSON.stringify(input))}`
}

/** A call of a tool, as clients of the protocol's version before the current one send it. */
function earlierToolCall(call: { name: string; arguments: object }): Shot {
  const headers = { Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2025-11-25' }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }
  return { method: 'POST', path: '/mcp', headers, body: JSON.stringify(message) }
}

/** A call of a tool, as clients of the protocol's current version send it. */
function toolCall(call: { name: string; arguments: object }): Shot {
  const version = '2026-07-28'
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = {
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': version,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': call.name,
  }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...call, _meta } }
  return { method: 'POST', path: '/mcp', headers, body: JSON.stringify(message) }
}

/** The build in another checkout, which may not open files of this one, with 1,000 personas in each project. */
async function startBefore(checkout: string, projectIds: string[]): Promise<Server> {
  const server = await startBuilt(runtime, { DATA_DIR: folder() }, checkout)
  for (const projectId of projectIds) {
    const path = `/api/projects/${projectId}/personas`
    for (let n = 0; n < 1_000; n += 1) {
      const headers = { 'Content-Type': 'application/json' }
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
        method: 'POST',
        headers,
        body: draft(),
      })
      if (!response.ok) throw new Error(`${path} of the build before answered ${response.status}`)
      await response.text()
    }
  }
  return server
}

async function sqlite(): Promise<void> {
  const filling = { [PROJECT]: 1_000, other: 1_000 }
  // As full as the file of the handwritten service; pages are measured on another service, over a large file.
  const ours = await startBuilt(runtime, { DATA_DIR: await seed(filling) })
  const large = await startBuilt(runtime, { DATA_DIR: await seed({ ...filling, many: MANY }) })
  const byHand = await startBaseline(runtime, {
    KIND: 'sqlite',
    DATA_FILE: join(await seed(filling), 'personas.db'),
  })
  const bare = await startBaseline(runtime, { KIND: 'bare' })
  const trpc = await startBaseline(runtime, { KIND: 'trpc' })

  const personas = `/api/projects/${PROJECT}/personas`
  const list = await get(ours, personas)
  const own = { path: `${personas}/${list[500].id}` }
  // The other file has other ids; any of its personas can be read.
  const created = await fetch(`http://127.0.0.1:${byHand.port}${personas}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: draft(),
  })
  const { id } = (await created.json()) as { id: string }
  const constant = { server: bare, shot: { path: '/constant' } }
  const before = options.before ? await startBefore(options.before, Object.keys(filling)) : undefined
  /** The same request to the build before, where one is given: at most 5 % faster. */
  const asBefore = (shot: Shot) =>
    before ? [{ name: 'the build before', side: { server: before, shot }, atLeast: 0.95 }] : []
  const [readBefore] = before ? await get(before, personas) : []

  await compare({
    name: 'REST GET by id, SQLite',
    connections: 20,
    ours: { server: ours, shot: own },
    baselines: [
      { name: 'a bare route', side: constant, atLeast: 0.55 },
      {
        name: 'the same by hand',
        side: { server: byHand, shot: { path: `${personas}/${id}` } },
        atLeast: 0.9,
      },
      ...asBefore({ path: `${personas}/${readBefore?.id}` }),
    ],
  })
  for (const connections of [1, 20]) {
    const shot = { method: 'POST', path: personas, body: draft }
    const own = { ...shot, path: '/api/projects/created/personas' }
    await compare({
      name: `REST create, SQLite, ${connections} at once`,
      connections,
      ours: { server: ours, shot: own },
      baselines: [
        { name: 'the same by hand', side: { server: byHand, shot }, atLeast: connections === 1 ? 0.85 : 1.8 },
        ...asBefore(own),
      ],
    })
  }
  await compare({
    name: 'REST list of 1,000, SQLite',
    connections: 2,
    ours: { server: ours, shot: { path: personas } },
    baselines: [
      {
        name: 'JSON.stringify of as many',
        side: { server: bare, shot: { path: '/constants' } },
        atLeast: 1,
      },
    ],
  })
  const page = async (projectId: string, at: number) => {
    const path = `/api/projects/${projectId}/personas?limit=50`
    let next = path
    for (let n = 0; n < at; n += 1) {
      const response = await fetch(`http://127.0.0.1:${large.port}${next}`)
      await response.text()
      next = /<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1] ?? path
    }
    return { server: large, shot: { path: next } }
  }
  await compare({
    name: `REST page of 50 among ${MANY.toLocaleString('en-US')}`,
    connections: 10,
    ours: await page('many', 10),
    baselines: [{ name: 'the same page among 1,000', side: await page(PROJECT, 10), atLeast: 0.95 }],
  })
  for (const count of [1, 10]) {
    const ids = list.slice(0, count).map((persona: { id: string }) => persona.id)
    await compare({
      name: `tRPC GET, ${count === 1 ? 'single' : 'batch of 10'}, SQLite`,
      connections: 20,
      ours: { server: ours, shot: { path: trpcGet(ids) } },
      baselines: [
        {
          name: 'tRPC’s adapter on a constant',
          side: { server: trpc, shot: { path: trpcConstant(count) } },
          atLeast: 1,
        },
      ],
    })
  }
  const [persona] = list
  const asked = { name: 'personas_get', arguments: { projectId: PROJECT, id: persona.id } }
  for (const [version, shot] of [
    ['2026-07-28', toolCall(asked)],
    ['2025-11-25', earlierToolCall(asked)],
  ] as const) {
    await compare({
      name: `MCP tool call, ${version}, SQLite`,
      connections: 20,
      ours: { server: ours, shot },
      baselines: [
        {
          name: 'the same procedure over tRPC',
          side: { server: ours, shot: { path: trpcGet([persona.id]) } },
          atLeast: 1 / 1.5,
        },
      ],
    })
  }
  for (const server of [ours, large, byHand, bare, trpc]) server.stop()
  before?.stop()
}

async function mongo(): Promise<void> {
  const { startMongo } = await import('../test/store/mongo/server.js')
  const { url, stop } = await startMongo()
  const ours = await startBuilt(runtime, { MONGODB_URL: `${url}_ours`, DATA_DIR: folder() })
  const byHand = await startBaseline(runtime, { KIND: 'mongo', MONGODB_URL: `${url}_hand` })
  const bare = await startBaseline(runtime, { KIND: 'bare' })
  const personas = `/api/projects/${PROJECT}/personas`
  const make = async (server: Server) => {
    const headers = { 'Content-Type': 'application/json' }
    const target = `http://127.0.0.1:${server.port}${personas}`
    const response = await fetch(target, { method: 'POST', headers, body: draft() })
    return { server, shot: { path: `${personas}/${((await response.json()) as { id: string }).id}` } }
  }
  await compare({
    name: 'REST GET by id, MongoDB',
    connections: 20,
    ours: await make(ours),
    baselines: [
      { name: 'a bare route', side: { server: bare, shot: { path: '/constant' } } },
      { name: 'the same by hand', side: await make(byHand) },
    ],
  })
  let sent = 0
  // The stand-in sorts a project to find its newest persona, where a mongod uses an
  // index: therefore many small projects.
  const path = () => `/api/projects/created-${Math.floor(sent++ / 50)}/personas`
  const shot = { method: 'POST', path, body: draft }
  await compare({
    name: 'REST create, MongoDB, 20 at once',
    connections: 20,
    ours: { server: ours, shot },
    baselines: [{ name: 'the same by hand', side: { server: byHand, shot } }],
  })
  for (const server of [ours, byHand, bare]) server.stop()
  await stop()
}

/** Simulation beside OpenAI's SDK alone, with one local provider; and memory over many turns. */
async function simulation(): Promise<void> {
  if (!['simulate', 'as a model'].some((name) => name.includes(options.only))) return
  const model = await startBaseline(runtime, { KIND: 'model' })
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${model.port}/v1`, CHAT_RATE_PER_MINUTE: '100000' }
  const ours = await startBuilt(runtime, { DATA_DIR: folder(), ...env })
  const bare = await startBaseline(runtime, { KIND: 'chat', ...env })
  const send = async (method: string, path: string, body: object) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`http://127.0.0.1:${ours.port}/api/projects/${PROJECT}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    return response.json() as Promise<any>
  }
  await send('PUT', '/config', { llmSettings: { provider: 'openai', apiKey: 'sk-bench' } })
  const { id } = await send('POST', '/personas', { name: 'a', systemPrompt: sample.systemPrompt })

  const base = `/api/projects/${PROJECT}`
  const messages = [{ role: 'assistant', content: 'How can I help?' }]
  const turn: Shot = {
    method: 'POST',
    path: `${base}/personas/${id}/simulate`,
    body: JSON.stringify({ messages }),
  }
  await compare({
    name: 'simulate, 1 at once',
    connections: 1,
    ours: { server: ours, shot: turn },
    baselines: [
      { name: 'the SDK alone', side: { server: bare, shot: { method: 'POST', path: '/whole', body: '{}' } } },
    ],
  })
  const spoken = { model: 'a', stream: true, messages: [{ role: 'user', content: 'How can I help?' }] }
  const path = `${base}/openai/v1/chat/completions`
  await compare({
    name: 'as a model, streamed, 50 at once',
    connections: 50,
    ours: { server: ours, shot: { method: 'POST', path, body: JSON.stringify(spoken) } },
    baselines: [
      {
        name: 'the SDK alone',
        side: { server: bare, shot: { method: 'POST', path: '/stream', body: '{}' } },
        atLeast: 0.9,
      },
    ],
  })
  const seen = [`at first ${memoryOf(ours).toFixed(0)} MB`]
  const turns = options.quick ? 500 : 10_000
  for (const mark of [turns / 2, turns]) {
    for (let sent = 0; sent < mark; ) {
      sent += (await fire({ port: ours.port, shot: turn, connections: 10, ms: 1_000 })).latencies.length
    }
    seen.push(`after ${mark} turns ${memoryOf(ours).toFixed(0)} MB`)
  }
  console.log(`memory of simulate: ${seen.join(', ')}`)
  for (const server of [ours, bare, model]) server.stop()
}

/** Time from start to ready with 100,000 personas, beside an empty program; and memory over many requests. */
async function startAndMemory(): Promise<void> {
  if (!'start and memory'.includes(options.only)) return
  const dataDir = await seed({ [PROJECT]: options.quick ? 10_000 : 100_000 })
  const times: number[] = []
  const empty: number[] = []
  let service: Server | undefined
  for (let n = 0; n < (options.quick ? 1 : 5); n += 1) {
    service?.stop()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const began = performance.now()
    service = await startBuilt(runtime, { DATA_DIR: dataDir })
    times.push(performance.now() - began)
    const start = performance.now()
    execFileSync(runtime.command, ['-e', '0'])
    empty.push(performance.now() - start)
  }
  if (service === undefined) return
  console.log(
    `start to ready ${median(times).toFixed(0)} ms; an empty program ${median(empty).toFixed(0)} ms`,
  )
  const idle = memoryOf(service)
  const personas = `/api/projects/${PROJECT}/personas`
  const [persona] = await get(service, `${personas}?limit=1`)
  const shots: Shot[] = [
    { path: `${personas}/${persona.id}` },
    { path: `${personas}?limit=20` },
    { method: 'POST', path: personas, body: draft },
    { path: trpcGet([persona.id]) },
    { path: `${personas}/${persona.id.slice(0, 8)}` },
  ]
  const seen = [`idle ${idle.toFixed(0)} MB`]
  const total = options.quick ? 5_000 : 1_000_000
  let sent = 0
  for (const mark of [total / 4, total / 2, total]) {
    while (sent < mark) {
      for (const shot of shots) {
        sent += (await fire({ port: service.port, shot, connections: 20, ms: 1_000 })).latencies.length
      }
    }
    seen.push(`after ${Math.round(sent / 1000)} thousand ${memoryOf(service).toFixed(0)} MB`)
  }
  console.log(`memory: ${seen.join(', ')}`)
  service.stop()
}

await sqlite()
await mongo()
await simulation()
await startAndMemory()
console.log(['', ...latencyTable].join('\n'))
process.exit(0)
