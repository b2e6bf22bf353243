import type { Services } from './api/trpc.js'
import type { Config } from './config.js'
import { ExportService } from './files/export.js'
import { ImportService } from './files/import.js'
import { ImageService } from './images/service.js'
import { createMetrics, type Metrics } from './metrics.js'
import { PersonaService } from './personas/service.js'
import { createImageProvider } from './portraits/openai/provider.js'
import { PortraitService } from './portraits/service.js'
import { createKeySealer, secretFromFile } from './projects/keys.js'
import { ProjectService } from './projects/service.js'
import { Chats } from './simulation/chats.js'
import { DraftService } from './simulation/drafts.js'
import { PersonaModels } from './simulation/models.js'
import { ChatProvider } from './simulation/openai/provider.js'
import { SimulationService } from './simulation/service.js'
import type { Store } from './store/store.js'
import { timedStore } from './store/timed.js'

/** The services over a store, as the configuration sets them up. */
export function createServices(
  config: Config,
  database: Store,
): Services & { models: PersonaModels; metrics: Metrics } {
  const metrics = createMetrics()
  const store = timedStore(database, metrics)
  for (const limit of database.limits) metrics.limit(limit)
  const { secretKey } = config
  const keys = createKeySealer(() => secretKey ?? secretFromFile(config.dataDir))
  const personas = new PersonaService(store)
  const projects = new ProjectService(store, keys)
  const images = new ImageService(store, metrics)
  const baseUrl = config.openaiBaseUrl
  const provider = createImageProvider({
    baseUrl,
    models: config.imageModels,
    timeoutMs: config.imageTimeoutMs,
    metrics,
  })
  const portraits = new PortraitService({
    store,
    personas,
    projects,
    images,
    provider,
    ratePerMinute: config.imageRatePerMinute,
    metrics,
  })
  const chats = new Chats({
    projects,
    provider: new ChatProvider({ baseUrl, models: config.personaModels, timeoutMs: config.chatTimeoutMs }),
    ratePerMinute: config.chatRatePerMinute,
    metrics,
  })
  const simulation = new SimulationService({ personas, chats })
  const drafts = new DraftService({ store, chats })
  const models = new PersonaModels({ store, personas, chats })
  const imports = new ImportService(store, images)
  const exports = new ExportService({ store, personas, images })
  return { personas, projects, images, portraits, imports, exports, simulation, drafts, models, metrics }
}
