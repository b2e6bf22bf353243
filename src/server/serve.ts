import { setFlagsFromString } from 'node:v8'
import { buildApp } from '../app.js'
import { configWarnings, readConfig } from '../config.js'
import { createServices } from '../services.js'
import { openStore } from '../store/open.js'
import { closeGracefully, listen } from './lifecycle.js'

/**
 * Starts the service with the settings of the environment, and stops it once `stop` is settled: also one that is told to
 * stop while it starts.
 *
 * @throws Error with one line for the operator when it cannot start.
 */
export async function serve(stop: Promise<void>): Promise<void> {
  // After a pause V8 would collect all of the heap every few lists: docs/decisions/heap-growth.md.
  setFlagsFromString('--heap-growing-percent=100')
  const config = readConfig(process.env)
  const warn = (warning: string) => console.warn(`personas-api: ${warning}`)
  for (const warning of configWarnings(process.env)) warn(warning)
  let startWaits = () => {}
  const isWaiting = new Promise<void>((resolve) => {
    startWaits = resolve
  })
  const onWait = (what: string) => {
    warn(`${what}; the service starts when that is done`)
    startWaits()
  }
  // What is waited for goes on without this process.
  const stoppedWaiting = isWaiting.then(() => stop).then(() => undefined)
  const store = await Promise.race([openStore({ ...config, onWait }), stoppedWaiting])
  if (store === undefined) return
  const services = createServices(config, store)
  const app = await buildApp({ config, store, services })
  // Whatever goes wrong outside a request is logged and ends nothing.
  process.on('unhandledRejection', (err) => app.log.error({ err }, 'unhandled rejection'))
  process.on('uncaughtException', (err) => app.log.error({ err }, 'uncaught exception'))

  const unreadable = await services.projects.unreadableKeys()
  if (unreadable.length > 0) {
    app.log.warn({ projects: unreadable }, 'stored API keys cannot be decrypted: set them again')
  }

  const { url, relays } = await listen(app, config)
  console.log(`Personas API on ${url} with ${store.description}; docs at ${url}/docs`)
  await stop
  await closeGracefully({ app, relays, portraits: services.portraits, store })
}
