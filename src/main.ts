#!/usr/bin/env node
import { readCommand, UsageError, usage } from './cli/command-line.js'
import { version } from './version.js'

/** Settled at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    let isStopping = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143)
      isStopping = true
      stop()
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

async function run(): Promise<void> {
  const command = readCommand(process.argv.slice(2))
  if (command.name === 'serve') {
    // Before anything else is loaded, which takes most of a second.
    const stop = stopSignal()
    const { serve } = await import('./server/serve.js')
    await serve(stop)
    process.exit(0)
  } else if (command.name === 'migrate') {
    const { migrateInTerminal } = await import('./cli/migrate/migrate.js')
    await migrateInTerminal(command)
  } else console.log(command.name === 'help' ? usage : version)
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
