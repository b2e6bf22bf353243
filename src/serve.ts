import { buildApp } from './app.js'
import { configWarnings, readConfig } from './config.js'
import { closeGracefully, closeOnSignal, listen } from './lifecycle.js'
import { createServices } from './services.js'
import { openStore } from './store/open.js'

/**
 * Starts the service as the environment has it; SIGTERM and SIGINT end it.
 *
 * @throws Error with one line for the operator when it cannot start.
 */
export async function serve(): Promise<void> {
  const config = readConfig(process.env)
  for (const warning of configWarnings(process.env)) console.warn(`personas-api: ${warning}`)
  const store = await openStore(config)
  const services = createServices(config, store)
  const app = await buildApp({ config, store, services })
  // Whatever goes wrong outside a request is logged and ends nothing.
  process.on('unhandledRejection', (err) => app.log.error({ err }, 'unhandled rejection'))
  process.on('uncaughtException', (err) => app.log.error({ err }, 'uncaught exception'))

  const unreadable = await services.projects.unreadableKeys()
  if (unreadable.length > 0) {
    app.log.warn({ projects: unreadable }, 'stored API keys cannot be decrypted: set them anew')
  }

  const { url, relays } = await listen(app, config)
  closeOnSignal(() => closeGracefully({ app, relays, portraits: services.portraits, store }))
  console.log(`Personas API on ${url} with ${store.description}; docs at ${url}/docs`)
}
