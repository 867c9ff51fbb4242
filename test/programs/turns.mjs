// Waits and works by turns, and prints as JSON how much CPU time and how much time the two functions really
// took, and what spanprof says of it.
//   node turns.mjs <how it waits> <milliseconds of a wait, and of the CPU time of a work> <CPU milliseconds in all>
//     <output directory | CPU clock>
import { execSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { startProfiler } from 'spanprof'
import { threadCpuNanos } from './burn.mjs'

const [how, turn, totalMillis, where] = process.argv.slice(2)
const turnMillis = Number(turn)

const never = new Int32Array(new SharedArrayBuffer(4))
const waits = {
  'Atomics.wait': () => Atomics.wait(never, 0, 0, turnMillis),
  spawnSync: () => spawnSync('sleep', [String(turnMillis / 1000)]),
  execSync: () => execSync(`sleep ${turnMillis / 1000}`),
}

/** The kernel brings its count up to date when the thread goes to sleep. */
function exactCpuNanos() {
  Atomics.wait(never, 0, 0, 0.05)
  return threadCpuNanos()
}

const waited = { cpuNanos: 0, nanos: 0 }

function waiting() {
  const cpuNanos = exactCpuNanos()
  const millis = performance.now()
  waits[how]()
  waited.nanos += (performance.now() - millis) * 1e6
  waited.cpuNanos += exactCpuNanos() - cpuNanos
}

function working() {
  const end = threadCpuNanos() + turnMillis * 1e6
  let x = 0
  do for (let i = 0; i < 20_000; i++) x = Math.imul(x ^ i, 0x9e3779b1) + i
  while (threadCpuNanos() < end)
  return x
}

const profiled = where.includes('/') ? await intoDirectory(where) : await withClock(where)
const start = exactCpuNanos()
while (exactCpuNanos() - start < Number(totalMillis) * 1e6) {
  waiting()
  working()
  await turnOfTheLoop()
}
const cpuNanos = exactCpuNanos() - start
console.log(JSON.stringify({ waited, cpuNanos, ...(await profiled.stop()) }))

async function intoDirectory(outputDir) {
  const profiler = await startProfiler({ outputDir, wall: true })
  return {
    async stop() {
      await profiler.stop()
      return { stats: profiler.stats() }
    },
  }
}

async function withClock(clock) {
  const worker = new Worker(new URL('turns-sampler.mjs', import.meta.url), {
    workerData: { clock },
  })
  await once(worker, 'message')
  return {
    async stop() {
      worker.postMessage('stop')
      const [billed] = await once(worker, 'message')
      worker.postMessage('seen')
      await once(worker, 'exit')
      return { billed }
    },
  }
}
