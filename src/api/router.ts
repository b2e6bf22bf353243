import { imagesRouter } from './images.js'
import { personasRouter } from './personas.js'
import { projectsRouter } from './projects.js'
import { router } from './trpc.js'
import { lean } from './trpc-internals.js'

/** Every operation of the service; REST, tRPC and the OpenAPI document are made from it. */
export const appRouter = lean(
  router({
    personas: personasRouter,
    projects: projectsRouter,
    images: imagesRouter,
  }),
)

export type AppRouter = typeof appRouter
