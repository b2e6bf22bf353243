import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ImagesApi, openAiErrors, startImagesApi } from '../portraits/images-api.js'
import { exchangeRaw, openRaw } from '../support/raw.js'
import { commands, type ServiceProcess, startServiceProcess } from '../support/service-process.js'

// Each stands for something that no log may hold; the word names where it was put.
const secrets = {
  key: 'SECRET-general-key-0123456789',
  wrongKey: 'SECRET-wrong-key-0123456789',
  providerKey: 'SECRET-provider-key-0123456789',
  prompt: 'SECRET-prompt',
  name: 'SECRET-name',
  description: 'SECRET-description',
  header: 'SECRET-header-value',
  connector: 'SECRET-connector-value',
  requestHeader: 'SECRET-request-header',
  broken: 'SECRET-broken-body',
  query: 'SECRET-query',
  filename: 'SECRET-filename',
}
const SECRET_KEY = `${'5ec7e7'.repeat(10)}abcd`

const dataDir = mkdtempSync(join(tmpdir(), 'personas-logs-'))
let images: ImagesApi
let service: ServiceProcess
beforeAll(async () => {
  images = await startImagesApi()
  service = await startServiceProcess({
    env: {
      DATA_DIR: dataDir,
      LOG_LEVEL: 'trace',
      API_KEYS: secrets.key,
      SECRET_KEY,
      OPENAI_BASE_URL: images.url,
    },
    command: commands.sources,
  })
})
afterAll(async () => {
  await service.stop('SIGKILL')
  await images.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Sends a request with things in it that are nobody's business. */
function send(path: string, method = 'GET', body?: object | string): Promise<Response> {
  return fetch(service.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${secrets.key}`,
      'X-Anything': secrets.requestHeader,
      Cookie: `session=${secrets.requestHeader}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

it('at any level hold no body, key, header value, query or prompt, and tell each request by pattern', async () => {
  const personas = '/api/projects/p/personas'
  const { name, description, prompt } = secrets
  const fields = { name, description, systemPrompt: prompt, headers: { 'X-Persona': secrets.header } }
  const created = await send(personas, 'POST', fields)
  const { id } = (await created.json()) as { id: string }
  const llmSettings = { provider: 'openai', apiKey: secrets.providerKey }
  await send('/api/projects/p/config', 'PUT', { llmSettings })
  await send(personas, 'POST', fields)
  await send(`${personas}/${id}`, 'PUT', { name: [name], headers: { 'bad name': secrets.header } })
  await send(`${personas}/${id}/merge-headers`, 'POST', { headers: { Authorization: secrets.connector } })
  await send(`${personas}/${id}?unknown=${secrets.query}`)
  await send(`${personas}?cursor=${secrets.query}`)
  await send(personas, 'POST', `{"${secrets.broken}`)
  await send('/api/projects/p/images', 'POST', {
    imageBase64: 'U0VDUkVU',
    role: 'upload',
    filename: secrets.filename,
  })
  await send('/trpc/personas.create', 'POST', { projectId: 'p', ...fields })
  await send('/trpc/personas.create', 'POST', `{"${secrets.broken}`)
  await send(
    `/trpc/personas.list?input=${encodeURIComponent(JSON.stringify({ projectId: 'p', cursor: secrets.query }))}`,
  )
  await send(`/nowhere/${secrets.query}`)
  await fetch(`${service.url}/api/projects`, { headers: { Authorization: `Bearer ${secrets.wrongKey}` } })
  await send(`${personas}/${id}/generate-image`, 'POST')
  for (const fault of Object.values(openAiErrors)) {
    images.reply(fault)
    await send(`${personas}/${id}/generate-image`, 'POST')
  }
  for (const when of ['before headers', 'in the body'] as const) {
    images.reply({ kind: 'reset', when })
    await send(`${personas}/${id}/generate-image`, 'POST')
  }
  await exchangeRaw(
    service.url,
    `GET /${secrets.query} HTTP/1.1\r\nX-A: ${secrets.requestHeader}\r\nBad Header: ${secrets.broken}\r\n\r\n`,
  )
  await exchangeRaw(
    service.url,
    `GET http://[${secrets.query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  )
  await exchangeRaw(
    service.url,
    `POST ${personas} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secrets.key}\r\nExpect: ${secrets.broken}\r\n\r\n`,
  )
  // A line of its own, if names were written as they come.
  await send(personas, 'POST', { name: '\n{"level":60,"msg":"SECRET-forged"}' })
  await fetch(`${service.url}/healthz`, { headers: { 'X-Request-Id': 'x","msg":"SECRET-forged' } })
  await exchangeRaw(
    service.url,
    `GET /api/%zz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: id-target\r\nConnection: close\r\n\r\n`,
  )
  await exchangeRaw(
    service.url,
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: id-malformed\r\nBad Header: x\r\n\r\n',
  )
  await exchangeRaw(
    service.url,
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: id-expects\r\nExpect: x\r\nConnection: close\r\n\r\n',
  )
  // More than the system buffers for a connection: the last ones have not got it when their caller leaves.
  await send(personas, 'POST', { name: `${name} 2`, systemPrompt: prompt.repeat(7_000) })
  const list = openRaw(
    service.url,
    `GET ${personas} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: id-left\r\nAuthorization: Bearer ${secrets.key}\r\n\r\n`.repeat(
      100,
    ),
  )
  list.socket.pause()
  await delay(300)
  list.socket.resetAndDestroy()
  await delay(100)
  expect((await service.stop()).code).toBe(0)

  const output = service.output()
  for (const [what, secret] of Object.entries({ ...secrets, SECRET_KEY })) {
    expect([what, output.includes(secret)]).toEqual([what, false])
  }
  expect(output).not.toMatch(/SECRET/)
  expect(output).not.toContain('U0VDUkVU')
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  expect(requests.length).toBeGreaterThan(20)
  expect(requests[0]).toMatchObject({
    reqId: expect.any(String),
    method: 'POST',
    route: '/api/projects/:projectId/personas',
    status: 201,
    ms: expect.any(Number),
    // Names the key, and does not tell it.
    key: createHash('sha256').update(secrets.key).digest('hex').slice(0, 8),
  })
  for (const [reqId, status] of [
    ['id-target', 400],
    ['id-malformed', 400],
    ['id-expects', 417],
    ['id-left', 499],
  ]) {
    expect(requests).toContainEqual(expect.objectContaining({ reqId, status }))
  }
  // Each failure of the provider is there with what caused it.
  const failures = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request failed')
  const failed = requests.filter(({ status }) => status >= 500)
  expect(failures.map(({ reqId }) => reqId).sort()).toEqual(failed.map(({ reqId }) => reqId).sort())
  for (const { causes } of failures)
    expect(causes).toEqual([expect.objectContaining({ name: expect.any(String) })])
  // One line a request, each of them whole.
  const rest = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
  expect(rest).toEqual([expect.stringMatching(/^Personas API on /)])
})
