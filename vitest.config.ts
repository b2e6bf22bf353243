import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/store/mongo/global.ts'],
    // Tests wait much of their time, so that two cores take two workers; vitest would run one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    // The first run may fetch a MongoDB.
    hookTimeout: 150_000,
    // What is polled for is there sooner; a busy machine takes its time.
    expect: { poll: { timeout: 10_000 } },
  },
})
