import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Provider, startProvider } from '../support/provider.js'
import { commands, spawnService, startServiceProcess, temporaryFolder } from '../support/service-process.js'

const command = [...commands.sources.slice(0, -1), 'scripts/demo.ts']

/** Runs the demo to its end. */
async function demo(env: Record<string, string>, args: string[] = []) {
  const { output, ended } = spawnService({ env, command: [...command, ...args] })
  return { ...(await ended), lines: output().trimEnd().split('\n') }
}

/** A server that is not ours; `close` it, and its port is free. */
async function otherServer() {
  const server = createServer((_, response) => response.end('<h1>something else</h1>'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  return { port: String(port), close: () => new Promise((closed) => server.close(closed)) }
}

async function freePort(): Promise<string> {
  const { port, close } = await otherServer()
  await close()
  return port
}

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

// Each starts up to three processes from the sources, one after another.
describe('npm run demo', { timeout: 60_000 }, () => {
  it('starts a service where there is none, fills a project, and serves it until it is stopped', async () => {
    const PORT = await freePort()
    const openai = { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'sk-demo-0123456789' }
    const env = { PORT, DATA_DIR: temporaryFolder(), ...openai }
    const { child, output, ended } = spawnService({ env, command })
    await expect.poll(output, { timeout: 30_000 }).toContain('The service runs until Ctrl+C')
    const response = await fetch(`http://127.0.0.1:${PORT}/api/projects/demo/personas`)
    const personas = (await response.json()) as { imageUrl?: string }[]
    expect(personas).toHaveLength(12)
    expect(personas.filter(({ imageUrl }) => imageUrl === undefined)).toEqual([])

    const again = await demo({ PERSONAS_URL: `http://127.0.0.1:${PORT}` })
    expect(again).toMatchObject({ code: 0 })
    expect(again.lines.filter((line) => line.startsWith('exists'))).toHaveLength(12)
    expect(again.lines.filter((line) => line.includes('has a portrait'))).toHaveLength(12)

    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  it('says in one line what to do where the address given has no service', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const said = `nothing answers at ${url}; start the service, or unset PERSONAS_URL and it is started here`
    expect(await demo({ PERSONAS_URL: url })).toEqual({ code: 1, signal: null, lines: [`demo: ${said}`] })
  })

  it('says in one line what to do where another program has the port', async () => {
    const { port: PORT, close } = await otherServer()
    const said = `what answers at http://127.0.0.1:${PORT} is not the personas API; choose another port: PORT=3001 npm run demo`
    expect(await demo({ PORT })).toEqual({ code: 1, signal: null, lines: [`demo: ${said}`] })
    await close()
  })

  it('says in one line that the service needs a key, and takes one', async () => {
    const key = 'demo-key-0123456789abcdef'
    const env = { DATA_DIR: temporaryFolder(), API_KEYS: key, LOG_LEVEL: 'silent' }
    const service = await startServiceProcess({ env, command: commands.sources })
    const said = `${service.url} needs a key: set PERSONAS_API_KEY to one of its API_KEYS`
    const refused = await demo({ PERSONAS_URL: service.url })
    expect(refused).toEqual({ code: 1, signal: null, lines: [`demo: ${said}`] })
    const { code, lines } = await demo({ PERSONAS_URL: service.url, PERSONAS_API_KEY: key })
    expect(code).toBe(0)
    expect(lines).toContain('No portraits: set OPENAI_API_KEY, or store a key in the project’s llmSettings')
    await service.stopWell()
  })

  it('writes personas from a brief where there is a provider, and says what to set where there is none', async () => {
    const env = { DATA_DIR: temporaryFolder(), OPENAI_BASE_URL: provider.url, LOG_LEVEL: 'silent' }
    const service = await startServiceProcess({ env, command: commands.sources })
    const PERSONAS_URL = service.url
    const brief = ['drafted', '--generate', 'Customers whose parcel is late']
    const key = 'set OPENAI_API_KEY, or store a key in the project’s llmSettings'
    const said = `demo: --generate needs a language model: ${key}`
    expect(await demo({ PERSONAS_URL }, brief)).toEqual({ code: 1, signal: null, lines: [said] })

    const OPENAI_API_KEY = 'sk-demo-0123456789'
    const { code, lines } = await demo({ PERSONAS_URL, OPENAI_API_KEY }, brief)
    expect([code, lines[0]]).toEqual([0, 'axis    patience: none, some, much'])
    expect(lines.filter((line) => line.startsWith('created Draft '))).toHaveLength(6)
    const response = await fetch(`${service.url}/api/projects/drafted/personas`)
    const personas = (await response.json()) as { imageUrl?: string; metadata: { patience: string } }[]
    expect(personas.filter(({ imageUrl }) => imageUrl !== undefined)).toHaveLength(6)
    expect(new Set(personas.map(({ metadata }) => metadata.patience))).toEqual(
      new Set(['none', 'some', 'much']),
    )
    await service.stopWell()
  })
})
