import { setTimeout } from 'node:timers/promises'

/** A machine too slow for the rate must not pile up tasks until the memory is full of them. */
const MOST_AT_ONCE = 1_000

/**
 * Starts tasks at a steady rate, without waiting for them, and reads the process's resident memory
 * now and then.
 *
 * @returns the readings, `[{ seconds, rssBytes }]`, and how long it took.
 */
export async function steadyTasks({ tasksASecond, durationSeconds, readingSeconds, task }) {
  const startedMillis = performance.now()
  const seconds = () => (performance.now() - startedMillis) / 1000
  const readings = []
  let tasks = 0
  let running = 0
  const start = async () => {
    running++
    await task(tasks++)
    running--
  }
  while (seconds() <= durationSeconds) {
    const due = seconds() * tasksASecond
    while (tasks < due && running < MOST_AT_ONCE) void start()
    if (seconds() >= readings.length * readingSeconds) {
      readings.push({ seconds: seconds(), rssBytes: process.memoryUsage.rss() })
    }
    await setTimeout(5)
  }
  return { readings, seconds: seconds() }
}

/** A little work, with some garbage, as a request makes it. */
export function littleWork() {
  return JSON.parse(JSON.stringify({ items: [1, 2, 3], total: 6 }))
}
