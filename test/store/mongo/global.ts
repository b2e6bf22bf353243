import type { TestProject } from 'vitest/node'
import { type Lack, startMongo } from './server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The MongoDB of this run, or why there is none: only the tests that need it fail then. */
    mongo: { url: string; kind: string; lacks: Lack[] } | { unavailable: string }
  }
}

/** Starts one MongoDB for the whole run. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  try {
    const { url, kind, lacks, stop } = await startMongo()
    provide('mongo', { url, kind, lacks })
    return stop
  } catch (error) {
    provide('mongo', { unavailable: error instanceof Error ? error.message : String(error) })
    return async () => undefined
  }
}
