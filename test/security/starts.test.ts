import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commands, startServiceProcess } from '../support/service-process.js'
import { failedStart } from './failed-start.js'

const folder = mkdtempSync(join(tmpdir(), 'personas-starts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const newFolder = () => mkdtempSync(join(folder, 'data-'))

it('a start with a variable that is nearly a setting warns of it before it says where it listens', async () => {
  const env = { DATA_DIR: newFolder(), MONGO_URL: 'mongodb://someone:hunter2@host', LOG_LEVEL: 'silent' }
  const service = await startServiceProcess({ env, command: commands.sources })
  await service.stopWell()
  const lines = service.output().trimEnd().split('\n')
  expect(lines).toEqual([
    'personas-api: MONGO_URL is no setting of this service and is ignored: MONGODB_URL may be meant',
    expect.stringMatching(/^Personas API on /),
  ])
})

describe.concurrent('a start that cannot be', () => {
  it('for a wrong setting says which', async () => {
    expect(await failedStart({ IMAGE_TIMEOUT_MS: 'hunter2', DATA_DIR: newFolder() })).toBe(
      'personas-api: IMAGE_TIMEOUT_MS must be a whole number from 1 to 3600000',
    )
  })

  it('for a port that is taken says so, and how to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    // A TCP server's address is an object.
    const { port } = server.address() as AddressInfo
    const line = await failedStart({ PORT: String(port), DATA_DIR: newFolder() })
    const said = `cannot listen on HOST and PORT: listen EADDRINUSE: address already in use 127.0.0.1:${port}`
    expect(line).toBe(`personas-api: ${said}; choose another port, such as PORT=3001 npm start`)
    server.close()
  })

  it('for a damaged database says so and leaves it as it is', async () => {
    const dataDir = mkdtempSync(join(folder, 'damaged-'))
    const file = join(dataDir, 'personas.db')
    writeFileSync(file, 'no database '.repeat(2_000))
    expect(await failedStart({ DATA_DIR: dataDir })).toMatch(/personas\.db is damaged or not a database/)
    expect(statSync(file).size).toBe(24_000)
  })

  it('for a MongoDB that is gone says so, without its password', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    const started = Date.now()
    const line = await failedStart({ MONGODB_URL: `mongodb://someone:hunter2@127.0.0.1:${port}/personas` })
    // The start of a process on a busy machine included.
    expect(Date.now() - started).toBeLessThan(15_000)
    expect(line).toContain(`Cannot use MongoDB at 127.0.0.1:${port}/personas`)
    expect(line).not.toMatch(/hunter2|someone/)
  })
})
