import { defineConfig } from 'vitest/config'

// Tests with clients of others, from the npm registry and PyPI: `npm test` leaves them out.
export default defineConfig({
  test: {
    include: ['test/e2e/*.check.ts'],
    globalSetup: ['test/store/mongo/global.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
