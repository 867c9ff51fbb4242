// Burns CPU in `early`, waits, burns CPU in `atTheEnd`, prints the CPU nanoseconds that all this took and
// the time when it was done, and then ends in the way that is asked for.
//   node exit.mjs <output directory> <way> [options as JSON]
import { setTimeout as sleep } from 'node:timers/promises'
import { startProfiler, withLabels } from 'spanprof'
import { cpuBurner, threadCpuNanos } from './burn.mjs'

const [outputDir, way, options = '{}'] = process.argv.slice(2)
const early = cpuBurner('early')
const atTheEnd = cpuBurner('atTheEnd')
const profiler = await startProfiler({ outputDir, appName: 'exit', ...JSON.parse(options) })
const before = threadCpuNanos()
early(300)
await sleep(20)

const ways = {
  natural() {},
  exit: () => process.exit(7),
  exitInHandler() {
    process.on('exit', () => {
      process.exitCode = 9
    })
  },
  throws() {
    throw new Error('thrown on purpose')
  },
  rejects() {
    void Promise.reject(new Error('rejected on purpose'))
  },
  async ownHandler(signal) {
    process.on(signal, () => process.exit(5))
    await announce()
  },
  // As many clean-up libraries do: tidy up, then let the signal have its way.
  async ownHandlerRaisesAgain(signal) {
    process.once(signal, () => process.kill(process.pid, signal))
    await announce()
  },
  killsItself: (signal) => process.kill(process.pid, Number(signal) || signal),
  async noHandler() {
    await announce()
  },
  async blocked() {
    await announce()
    for (;;);
  },
  async stop() {
    await profiler.stop()
  },
}

/** Tells the test that the signal may come, and waits for it. */
async function announce() {
  await new Promise((resolve) => process.stdout.write(' ready', resolve))
  if (way !== 'blocked') setInterval(() => {}, 1000)
}

const [name, argument] = way.split(' ')
withLabels({ at: 'end' }, () => atTheEnd(300))
const done = `${threadCpuNanos() - before} ${Date.now()}`
await new Promise((resolve) => process.stdout.write(done, resolve))
await ways[name](argument)
