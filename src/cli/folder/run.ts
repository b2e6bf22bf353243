import { createInterface } from 'node:readline/promises'
import { createPersonasClient, isPersonasConnectionError } from '../../client/client.js'
import type { FolderCommand } from '../command-line.js'
import { type Progress, progressOn } from '../migrate/progress.js'
import { pull } from './pull.js'
import { push } from './push.js'
import type { Terminal } from './terminal.js'

const NOT_SHOWN: Progress = { begin: () => ({ advance: () => {}, end: () => {} }) }
/** The service cannot be reached. */
const UNREACHABLE = 2

// Control characters, and those that turn the direction of writing: names of files may hold any.
const UNPRINTABLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * Runs `push` or `pull`. Gives the code to end with: 0, or 1 where a persona or a file failed, or nothing was done.
 * @throws Error of one line where the folder or the service refuses all of it, or it cannot be reached
 */
export async function runCommand(
  command: FolderCommand,
  { apiKey, ...terminal }: Terminal & { apiKey?: string | undefined },
): Promise<number> {
  const { prune, yes, dryRun, url } = command
  if (prune && !yes && !dryRun && terminal.ask === undefined) {
    throw new Error('--prune deletes: where nobody can be asked, it needs --yes')
  }
  const run = { ...terminal, command, apiKey, client: createPersonasClient({ url, apiKey }) }
  run.print = (line) => terminal.print(line.replaceAll(UNPRINTABLE, '\ufffd'))
  return command.name === 'push' ? push(run) : pull(run)
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // Where the input ends, there is no answer.
  const end = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  const answer = await Promise.race([lines.question(question), end])
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}

/**
 * Runs `push` or `pull` with the terminal of this process, if it has one. Gives the code to end with: that of
 * `runCommand`, or 2 where the service cannot be reached.
 */
export async function runInTerminal(command: FolderCommand): Promise<number> {
  const { stdin, stderr, env } = process
  try {
    return await runCommand(command, {
      print: (line) => console.log(line),
      progress: stderr.isTTY ? progressOn(stderr) : NOT_SHOWN,
      ...(stdin.isTTY && stderr.isTTY && { ask }),
      apiKey: env.PERSONAS_API_KEY || undefined,
    })
  } catch (error) {
    if (!isPersonasConnectionError(error)) throw error
    console.error(`personas-api: ${error.message}`)
    return UNREACHABLE
  }
}
