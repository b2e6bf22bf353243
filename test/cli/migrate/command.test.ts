import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readCommand, usage } from '../../../src/cli/command-line.js'
import { progressOn } from '../../../src/cli/migrate/progress.js'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.js'
import { version } from '../../../src/version.js'
import { startService } from '../../support/helper.js'
import { commands, type Ending, spawnService } from '../../support/service-process.js'
import { addMany, contentOf, countsOf, fill, move, places } from './stores.js'

interface Run extends Ending {
  output: string
}

async function run(...args: string[]): Promise<Run> {
  const { output, ended } = spawnService({ env: {}, command: [...commands.sources, ...args] })
  return { ...(await ended), output: output() }
}

describe('the command line', () => {
  it('starts the service without arguments, and migrates with two stores', () => {
    expect(readCommand([])).toEqual({ name: 'serve' })
    const migrate = { name: 'migrate', from: './data', to: 'mongodb://h/x' }
    expect(readCommand(['migrate', '--from', './data', '--to=mongodb://h/x'])).toEqual(migrate)
    expect(readCommand(['--version'])).toEqual({ name: 'version' })
  })

  it.each([[['help']], [['--help']], [['-h']], [['migrate', '-h']], [['help', 'migrate']]])(
    '%j is help',
    (args) => {
      expect(readCommand(args)).toEqual({ name: 'help' })
    },
  )

  it.each([
    [['serve'], 'Unknown command serve'],
    [['--port', '1'], "Unknown option '--port'"],
    [['migrate'], 'migrate needs --from <store> and --to <store>'],
    [['migrate', '--from', '', '--to', 'x'], 'migrate needs --from <store> and --to <store>'],
    [['migrate', 'a', 'b'], 'Unexpected argument a'],
    [['migrate', '--from'], "Option '--from <value>' argument missing"],
    [['--from', 'a'], '--from belongs to migrate'],
  ])('refuses %j', (args, message) => {
    expect(() => readCommand(args)).toThrow(expect.objectContaining({ name: 'UsageError', message }))
  })

  it('prints its version and its help, and exits 2 for an unknown command', async () => {
    const [told, help, unknown] = await Promise.all([run('--version'), run('help'), run('move')])
    expect(told).toEqual({ code: 0, signal: null, output: `${version}\n` })
    expect(help).toEqual({ code: 0, signal: null, output: `${usage}\n` })
    expect(unknown).toEqual({
      code: 2,
      signal: null,
      output: 'personas-api: Unknown command move; "personas-api help" lists the commands\n',
    })
  })

  it('migrates and ends with 0, or with 1 and one line', async () => {
    const [from, to] = [places.SQLite(), places.MongoDB()]
    await fill(from)
    const done = await run('migrate', '--from', from, '--to', to)
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining('Copying personas: 39 of 39\n') })
    expect(done.output).toContain('Verified: both stores hold the same.\n')
    expect(await contentOf(to)).toEqual(await contentOf(from))
    const failed = await run('migrate', '--from', places.SQLite(), '--to', to)
    expect(failed).toMatchObject({ code: 1, output: expect.stringMatching(/^personas-api: --from: .+\n$/) })
  })

  it.concurrent.each(['SIGINT', 'SIGKILL'] as const)('goes on after %s in the middle', async (signal) => {
    const [from, to] = [places.SQLite(), places.SQLite()]
    const all = { projects: 2, images: 7, versions: 2, personas: 8_003 }
    await fill(from, 3)
    await addMany(from, 8_000)
    const { child, output, ended } = spawnService({
      env: {},
      command: [...commands.sources, 'migrate', '--from', from, '--to', to],
    })
    while (!output().includes('Copying images')) await delay(5)
    await delay(20)
    child.kill(signal)
    const { code } = await ended
    if (signal === 'SIGINT') {
      expect(code).toBe(1)
      expect(output()).toMatch(/personas-api: Interrupted; the same command goes on from here\n$/)
    }
    expect((await countsOf(to)).personas).toBeLessThan(all.personas)
    await move(from, to)
    expect(await countsOf(to)).toEqual(all)
  })
})

describe('progress', () => {
  const shown = (isTTY: boolean) => {
    let text = ''
    const write = (more: string) => {
      text += more
    }
    const step = progressOn({ isTTY, write }).begin('Copying images', 2_000)
    step.advance(1_000)
    step.advance(1_000)
    step.end()
    return text
  }

  it('is a bar in a terminal and a line elsewhere', () => {
    const bar = `\r[${'#'.repeat(24)}] 100 % Copying images: 2,000 of 2,000\x1b[K\n`
    expect(shown(true)).toBe(bar)
    expect(shown(false)).toBe('Copying images: 2,000 of 2,000\n')
  })

  it('says nothing of nothing', () => {
    let text = ''
    const write = (more: string) => {
      text += more
    }
    progressOn({ isTTY: true, write }).begin('Copying images', 0).end()
    expect(text).toBe('')
  })
})

it('leaves a store that the service goes on with, provider keys included', async () => {
  const [from, to] = [places.SQLite(), places.SQLite()]
  const serve = (folder: string) => {
    const database = { name: 'SQLite', open: async () => openSqliteStore(folder) }
    return startService(database, { env: { DATA_DIR: folder } })
  }
  const first = await serve(from)
  const made = await first.client.personas.create.mutate({ projectId: 'p', name: 'One' })
  const llmSettings = { provider: 'openai', apiKey: 'sk-0123456789abcd' }
  await first.client.projects.updateConfig.mutate({ projectId: 'p', llmSettings })
  await first.close()
  await move(from, to)
  const second = await serve(to)
  const two = await second.client.personas.create.mutate({ projectId: 'p', name: 'Two' })
  const update = { projectId: 'p', id: made.id, name: 'Uno', ifMatch: made.updatedAt }
  const renamed = await second.client.personas.update.mutate(update)
  expect(await second.client.personas.list.query({ projectId: 'p' })).toEqual([renamed, two])
  expect(renamed.createdAt).toBe(made.createdAt)
  expect(await second.services.projects.unreadableKeys()).toEqual([])
  await second.close()
})
