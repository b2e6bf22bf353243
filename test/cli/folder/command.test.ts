import { describe, expect, it } from 'vitest'
import { readCommand } from '../../../src/cli/command-line.js'
import { startService } from '../../support/helper.js'
import { commands, spawnService } from '../../support/service-process.js'
import { placeWith } from './run.js'

async function command(args: string[], env: Record<string, string> = {}) {
  const { output, ended } = spawnService({ env, command: [...commands.sources, ...args] })
  const { code } = await ended
  return { code, output: output() }
}

describe('the command line of push and pull', () => {
  it('has a folder, a project and options', () => {
    const given = { folder: 'f', projectId: 'p', url: 'http://localhost:3000', prune: false, yes: false }
    expect(readCommand(['push', 'f', '--project', 'p', '--dry-run'])).toEqual({
      name: 'push',
      ...given,
      dryRun: true,
    })
    const more = ['--url=https://h/x', '--prune', '--yes']
    expect(readCommand(['pull', 'f', '--project=p', ...more])).toEqual({
      name: 'pull',
      ...given,
      url: 'https://h/x',
      prune: true,
      yes: true,
      dryRun: false,
    })
  })

  it.each([
    [['push'], 'push needs <folder> and --project <id>'],
    [['pull', 'f'], 'pull needs <folder> and --project <id>'],
    [['push', 'f', 'g', '--project', 'p'], 'Unexpected argument g'],
    [['pull', 'f', '--project', 'p', '--dry-run'], '--dry-run belongs to push'],
    [['push', 'f', '--project', 'p', '--url', 'localhost'], '--url must begin with http:// or https://'],
    [['push', 'f', '--project', 'p', '--from', 'x'], '--from belongs to migrate'],
    [['migrate', '--from', 'a', '--to', 'b', '--prune'], '--prune belongs to push and pull'],
    [['--yes'], '--yes belongs to push and pull'],
  ])('refuses %j', (args, message) => {
    expect(() => readCommand(args)).toThrow(expect.objectContaining({ name: 'UsageError', message }))
  })
})

it('ends with 0, with 1 where something fails, and with 2 where there is no service', async () => {
  const key = 'key-0123456789abcdef'
  const service = await startService(undefined, { env: { API_KEYS: key } })
  const sound = placeWith({ 'a.md': '---\nname: A\n---\n' })
  const wrong = placeWith({ 'a.md': '---\nname: ""\n---\n' })
  const push = (folder: string, ...more: string[]) => ['push', folder, '--project', 'p', ...more]
  const env = { PERSONAS_API_KEY: key }
  const to = ['--url', service.url]
  const [done, failed, noKey, noYes, noFolder] = await Promise.all([
    command(push(sound.folder, ...to), env),
    command(push(wrong.folder, ...to), env),
    command(push(sound.folder, ...to)),
    command(push(sound.folder, '--prune', ...to), env),
    command(push('/nowhere', ...to), env),
  ])
  await service.close()
  const noService = await command(push(sound.folder, ...to), env)
  // Of the progress there is nothing where there is no terminal.
  expect(done).toEqual({ code: 0, output: '+ A\n1 created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n' })
  expect(failed).toMatchObject({ code: 1, output: expect.stringContaining('! : Name is required, ') })
  expect(noKey).toMatchObject({ code: 1, output: expect.stringMatching(/^personas-api: .*key.*\n$/i) })
  expect(noYes).toMatchObject({ code: 1, output: expect.stringMatching(/^personas-api: .*needs --yes\n$/) })
  expect(noFolder).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^personas-api: .*\/nowhere.*\n$/),
  })
  expect(noService).toEqual({
    code: 2,
    output: `personas-api: The Personas API at ${service.url} cannot be reached: connection refused\n`,
  })
})
