import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/store/mongo-global.ts'],
    testTimeout: 20_000,
    // The first run may fetch a MongoDB.
    hookTimeout: 150_000,
  },
})
