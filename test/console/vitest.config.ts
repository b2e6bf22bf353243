import { defineConfig } from 'vitest/config'

// The console in a real browser, on the built service: `npm test` leaves it out.
export default defineConfig({
  test: {
    include: ['test/console/*.check.ts'],
    globalSetup: ['test/store/mongo/global.ts'],
    // One after another: each drives a browser.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 150_000,
  },
})
