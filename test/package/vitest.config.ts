import { defineConfig } from 'vitest/config'

// Tests of the package as it is published. They fetch tools from the npm registry, so `npm test` leaves them out.
export default defineConfig({
  test: {
    include: ['test/package/*.check.ts'],
    globalSetup: ['test/package/installed.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
