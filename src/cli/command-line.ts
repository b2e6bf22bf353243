import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Command = { name: 'serve' | 'help' | 'version' } | { name: 'migrate'; from: string; to: string }

/** A command line that asks for nothing there is; its message is one line. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const usage = `Usage:
  personas-api                                      start the service; its settings are in the environment
  personas-api migrate --from <store> --to <store>  copy everything from one store into another
  personas-api help                                 this text, as do --help and -h
  personas-api --version                            the version, as does -v

A store is a mongodb:// URL, or a data directory (or the personas.db in it). Stop the services of both stores
before a migration. It can be interrupted: run again, it goes on where it was. It ends with code 0 only
once both stores have been read again and hold the same.`

/** Reads the arguments behind the program's name. @throws UsageError */
export function readCommand(args: string[]): Command {
  const { values, positionals } = parse(args)
  const [command, extra] = positionals
  if (values.help || command === 'help') return { name: 'help' }
  if (values.version) return { name: 'version' }
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${extra}`)
  const { from, to } = values
  if (command === undefined) {
    if (from !== undefined || to !== undefined) throw new UsageError('--from and --to belong to migrate')
    return { name: 'serve' }
  }
  if (command !== 'migrate') throw new UsageError(`Unknown command ${command}`)
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
      },
    })
  } catch (error) {
    // What follows the first sentence is advice about arguments that begin with a dash.
    const [sentence = ''] = error instanceof Error ? error.message.split(/[.\n]/, 1) : []
    throw new UsageError(sentence)
  }
}
