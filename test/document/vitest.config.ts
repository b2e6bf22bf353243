import { defineConfig } from 'vitest/config'

// Tests of the document and its page with tools of others, from the npm registry: `npm test` leaves them out.
export default defineConfig({
  test: {
    include: ['test/document/*.check.ts'],
    // One after another: each starts several processes.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
