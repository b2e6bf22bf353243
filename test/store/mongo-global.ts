import type { TestProject } from 'vitest/node'
import { startMongo } from './mongo-server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The MongoDB of this run, or why there is none: only the tests that need it fail then. */
    mongo: { url: string; kind: string; standIn: boolean } | { unavailable: string }
  }
}

/** Starts one MongoDB for the whole run. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  try {
    const { url, kind, standIn, stop } = await startMongo()
    provide('mongo', { url, kind, standIn })
    return stop
  } catch (error) {
    provide('mongo', { unavailable: error instanceof Error ? error.message : String(error) })
    return async () => undefined
  }
}
