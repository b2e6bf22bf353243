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

/** What the operator reads when the service does not start: one line. */
function startFault(error: NodeJS.ErrnoException): string {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return error.message
  const advice = error.code === 'EADDRINUSE' ? '; choose another port, such as PORT=3001 npm start' : ''
  return `cannot listen on HOST and PORT: ${error.message}${advice}`
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
  } else if (command.name === 'push' || command.name === 'pull') {
    const { runInTerminal } = await import('./cli/folder/run.js')
    process.exitCode = await runInTerminal(command)
  } else if (command.name === 'mcp') {
    const { serveMcp } = await import('./cli/mcp.js')
    await serveMcp(command, stopSignal())
    process.exit(0)
  } else console.log(command.name === 'help' ? usage : version)
}

run().catch((error: NodeJS.ErrnoException) => {
  if (error instanceof UsageError) {
    console.error(`personas-api: ${error.message}; "personas-api help" lists the commands`)
    process.exit(2)
  }
  console.error(`personas-api: ${startFault(error)}`)
  process.exit(1)
})
