import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    dir: 'e2e/browser',
    include: ['**/*.e2e.ts'],
    environment: 'node',
    // One program at a time: the machines have two cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
