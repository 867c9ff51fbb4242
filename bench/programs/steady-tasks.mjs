import { setTimeout } from 'node:timers/promises'

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
  while (seconds() <= durationSeconds) {
    const due = seconds() * tasksASecond
    while (tasks < due) void task(tasks++)
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
