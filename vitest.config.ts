import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs under profile run for seconds; a machine under load takes longer.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests that ask for it run two at a time: each is a process that burns CPU.
    maxConcurrency: 2,
    pool: 'forks',
  },
})
