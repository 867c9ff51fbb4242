/**
 * What the sampler thread and V8's sampling thread use of a CPU. Arguments: what the main thread does (`idle`, `work` or
 * `wait`), milliseconds, where profiles go.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sum } from '../median.mjs'
import { startProfiler } from '../spanprof.mjs'
import { answer } from './answer.mjs'

const [what, durationMillis, outputDir] = process.argv.slice(2)

/** Until then the CPU time is read as often as samples come, whatever the thread does. */
const SETTLE_MILLIS = 4000

const V8_THREAD = 'v8:ProfEvntProc'
const never = new Int32Array(new SharedArrayBuffer(4))

const doings = {
  idle: sleep,
  work(millis) {
    const end = performance.now() + millis
    while (performance.now() < end);
  },
  wait(millis) {
    for (const end = performance.now() + millis; performance.now() < end; ) {
      Atomics.wait(never, 0, 0, 100)
    }
  },
}

await answer(async () => {
  const others = new Set(threads())
  const profiler = await startProfiler({ appName: 'bench', outputDir, flushIntervalMs: 600_000 })
  await doings[what](SETTLE_MILLIS)
  const ours = threads().filter((thread) => !others.has(thread))
  const v8 = ours.filter((thread) => nameOf(thread) === V8_THREAD)
  const sampler = ours.filter((thread) => !v8.includes(thread))
  const before = { sampler: cpuNanosOf(sampler), v8: cpuNanosOf(v8) }
  const startMillis = performance.now()
  await doings[what](Number(durationMillis))
  const nanos = (performance.now() - startMillis) * 1e6
  const costs = {
    sampler: (cpuNanosOf(sampler) - before.sampler) / nanos,
    v8: (cpuNanosOf(v8) - before.v8) / nanos,
  }
  await profiler.stop()
  return costs
})

function threads() {
  return readdirSync('/proc/self/task')
}

function nameOf(thread) {
  return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim()
}

function cpuNanosOf(threads) {
  return sum(
    threads.map((thread) =>
      Number.parseInt(readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1'), 10),
    ),
  )
}
