import type { PersonasClient } from '../../client/client.js'
import type { FolderCommand } from '../command-line.js'
import type { Progress } from '../migrate/progress.js'

/** Where a command tells what it does. */
export interface Terminal {
  print(line: string): void
  progress: Progress
  /** Asks a yes or no question; absent where nobody can answer. */
  ask?: (question: string) => Promise<boolean>
}

/** What a command works with. */
export interface Run extends Terminal {
  command: FolderCommand
  apiKey: string | undefined
  client: PersonasClient
}

/** Whether what a command would delete may be: `--yes`, or somebody who is asked says so. */
export async function mayDelete({ command, ask, print }: Run, what: readonly string[]): Promise<boolean> {
  if (what.length === 0 || command.yes) return true
  for (const each of what) print(`- ${each}`)
  return (await ask?.(`Delete ${what.length === 1 ? 'this' : `these ${what.length}`}? [y/N] `)) ?? false
}
