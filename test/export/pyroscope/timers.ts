import { vi } from 'vitest'

/** Longer than any test: timers of so long a delay end only by a test's hand. */
export const LONG_MILLIS = 600_000

export interface Timers {
  /** How many have been set. */
  readonly count: number
  /** Resolves when so many have been set. */
  set(count: number): Promise<void>
  /** Their time is up now; of those that were cleared too, which must not mind. */
  run(): void
}

const { setTimeout } = globalThis

/**
 * The timers of one delay, up to the end of the test, so that no test depends on how long something
 * takes on a machine that is busy.
 */
export function timersOf(millis: number): Timers {
  let count = 0
  let runs: (() => void)[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, delay: number) => {
    if (delay === millis) {
      count++
      runs.push(run)
      for (const each of waiting) if (count >= each.count) each.resolve()
    }
    return setTimeout(run, delay)
  }) as typeof setTimeout)
  return {
    get count() {
      return count
    },
    set: (wanted) =>
      new Promise((resolve) => {
        waiting.push({ count: wanted, resolve })
        if (count >= wanted) resolve()
      }),
    run() {
      const due = runs
      runs = []
      for (const run of due) run()
    },
  }
}
