import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs under profile run for seconds; a machine under load takes longer.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
