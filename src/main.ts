#!/usr/bin/env node
import { readCommand, UsageError, usage } from './command-line.js'
import { migrateInTerminal } from './migrate.js'
import { version } from './version.js'

async function run(): Promise<void> {
  const command = readCommand(process.argv.slice(2))
  if (command.name === 'serve') {
    // Loaded for this alone: the service takes a second to load.
    const { serve } = await import('./serve.js')
    await serve()
  } else if (command.name === 'migrate') await migrateInTerminal(command)
  else console.log(command.name === 'help' ? usage : version)
}

run().catch((error: NodeJS.ErrnoException) => {
  if (error instanceof UsageError) {
    console.error(`personas-api: ${error.message}; personas-api --help says what there is`)
    process.exit(2)
  }
  const message =
    error.syscall === 'listen' || error.syscall === 'getaddrinfo'
      ? `HOST and PORT cannot be listened on: ${error.message}`
      : error.message
  console.error(`personas-api: ${message}`)
  process.exit(1)
})
