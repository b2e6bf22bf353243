import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommand } from '../../../src/cli/command-line.js'
import { runCommand } from '../../../src/cli/folder/run.js'
import { newProjectId } from '../../support/helper.js'
import { temporaryFolder } from '../../support/service-process.js'

/** A folder and the project that it belongs to. */
export interface Place {
  folder: string
  projectId: string
}

const all = temporaryFolder()

/** A folder with files, for a project of its own. */
export function placeWith(files: Record<string, string | Buffer> = {}): Place {
  const folder = mkdtempSync(join(all, 'personas-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return { folder, projectId: newProjectId() }
}

/** The files of a folder, with what is in them. */
export function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )
}

/** What a command printed, and the code that it ended with. */
export interface Ran {
  code: number
  lines: string[]
}

/** Runs a command as its line is read; `answer` is somebody who can be asked. */
export async function run(
  line: string[],
  { url, answer }: { url: string; answer?: () => boolean | Promise<boolean> },
): Promise<Ran> {
  const command = readCommand([...line, '--url', url])
  if (command.name !== 'push' && command.name !== 'pull')
    throw new Error(`${command.name} is another command`)
  const lines: string[] = []
  const code = await runCommand(command, {
    print: (text) => lines.push(text),
    progress: { begin: () => ({ advance: () => {}, end: () => {} }) },
    ...(answer !== undefined && {
      ask: async (question) => {
        lines.push(question)
        return answer()
      },
    }),
  })
  return { code, lines }
}
