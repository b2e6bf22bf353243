import { parseArgs } from 'node:util'

/** A command between a folder of files of personas and a project of a running service. */
export interface FolderCommand {
  name: 'push' | 'pull'
  folder: string
  projectId: string
  /** The base URL of the service. */
  url: string
  /** Whether what is not on the other side is deleted, and whether that is done without asking. */
  prune: boolean
  yes: boolean
  /** Of a push: whether it only says what it would change. */
  dryRun: boolean
}

/** The tools for agents over standard input and output. */
export interface McpCommand {
  name: 'mcp'
  /** The base URL of a running service; without it the command opens the store itself. */
  url?: string | undefined
  /** The project whose personas are prompts. */
  projectId?: string | undefined
}

/** What the command line asks for. */
export type Command =
  | { name: 'serve' | 'help' | 'version' }
  | { name: 'migrate'; from: string; to: string }
  | FolderCommand
  | McpCommand

/** A command line that asks for nothing there is; its message is one line. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const usage = `Usage:
  personas-api                                      start the service; its settings are in the environment
  personas-api push <folder> --project <id>         bring a folder of files of personas to a running service
  personas-api pull <folder> --project <id>         write the personas of a project into a folder, a Markdown file each
  personas-api mcp                                  offer the personas to an agent, over MCP on standard input and output
  personas-api migrate --from <store> --to <store>  copy everything from one store into another
  personas-api help                                 this text, as do --help and -h
  personas-api --version                            the version, as does -v

push and pull take:
  --url <url>   where the service is: http://localhost:3000 unless it is given
  --prune       push: also delete the personas that are not in the folder
                pull: also delete the Markdown files of personas that are not in the project
  --yes         do not ask before something is deleted
  --dry-run     push: only say what would change
They end with code 1 where a persona failed, and 2 where the service cannot be reached.

mcp takes:
  --url <url>     a running service; without it the store is opened here, as the settings in the environment say
  --project <id>  the project whose personas are offered as prompts

The key of a service that has any is in PERSONAS_API_KEY.

A store is a mongodb:// URL, or a data directory (or the personas.db in it). Stop the services of both stores
before a migration. It can be interrupted: run again, it goes on where it was. It ends with code 0 only
once both stores have been read again and hold the same.`

/** Where a service is that nobody moved. */
const LOCAL = 'http://localhost:3000'

const BOTH = ['push', 'pull']
const WITH_SERVICE = [...BOTH, 'mcp']

/** The commands that each option belongs to. */
const OWNERS: Record<string, string[]> = {
  from: ['migrate'],
  to: ['migrate'],
  project: WITH_SERVICE,
  url: WITH_SERVICE,
  prune: BOTH,
  yes: BOTH,
  'dry-run': ['push'],
}

/** Reads the arguments behind the program's name. @throws UsageError */
export function readCommand(args: string[]): Command {
  const { values, positionals } = parse(args)
  const [command, folder, ...others] = positionals
  if (values.help || command === 'help') return { name: 'help' }
  if (values.version) return { name: 'version' }
  if (command !== undefined && !Object.values(OWNERS).flat().includes(command)) {
    throw new UsageError(`Unknown command ${command}`)
  }
  for (const [option, owners] of Object.entries(OWNERS)) {
    if (option in values && !owners.includes(command ?? '')) {
      throw new UsageError(`--${option} belongs to ${owners.join(', ').replace(/, (?=[^,]*$)/, ' and ')}`)
    }
  }
  const name = command === 'push' || command === 'pull' ? command : undefined
  const [extra] = name === undefined && folder !== undefined ? [folder] : others
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${extra}`)
  const { from, to, project, url, prune = false, yes = false } = values
  if (url !== undefined && !/^https?:\/\//i.test(url)) {
    throw new UsageError('--url must begin with http:// or https://')
  }
  // It would be in every message that names the service.
  if (url !== undefined && /^https?:\/\/[^/?#]*@/i.test(url)) {
    throw new UsageError('--url must not hold a user name or password; a key goes into PERSONAS_API_KEY')
  }
  if (command === 'mcp') return { name: 'mcp', url, projectId: project }
  if (name !== undefined) {
    if (!folder || !project) throw new UsageError(`${name} needs <folder> and --project <id>`)
    return {
      name,
      folder,
      projectId: project,
      url: url ?? LOCAL,
      prune,
      yes,
      dryRun: values['dry-run'] === true,
    }
  }
  if (command === undefined) return { name: 'serve' }
  if (!from || !to) throw new UsageError('migrate needs --from <store> and --to <store>')
  return { name: 'migrate', from, to }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        from: { type: 'string' },
        to: { type: 'string' },
        project: { type: 'string' },
        url: { type: 'string' },
        prune: { type: 'boolean' },
        yes: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
      },
    })
  } catch (error) {
    // What follows the first sentence is advice about arguments that begin with a dash.
    const [sentence = ''] = error instanceof Error ? error.message.split(/[.\n]/, 1) : []
    throw new UsageError(sentence)
  }
}
