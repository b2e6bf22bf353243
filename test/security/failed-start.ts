import { expect } from 'vitest'
import { commands, spawnService } from '../support/service-process.js'

/** Starts what cannot start: it ends with code 1 and one line. */
export async function failedStart(env: Record<string, string>): Promise<string> {
  const { output, ended } = spawnService({ env, command: commands.sources })
  expect(await ended).toEqual({ code: 1, signal: null })
  const lines = output().trimEnd().split('\n')
  expect(lines).toEqual([expect.stringMatching(/^personas-api: /)])
  return lines[0] ?? ''
}
