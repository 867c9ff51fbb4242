// Samples the main thread with the CPU clock that it is started with, and sums up the CPU time by function.
import { on } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { ConsoleProfiles } from '../../dist/sampler/console-profiles.js'
import {
  samplingIntervalClock,
  schedstatClock,
  threadCpuUsageClock,
} from '../../dist/sampler/cpu-clock.js'
import { connectToMainThread } from '../../dist/sampler/in-process-transport.js'
import { RollingWindows } from '../../dist/sampler/rolling-windows.js'

const messages = on(parentPort, 'message')
const transport = connectToMainThread()
const clocks = {
  schedstat: () => schedstatClock(`/proc/self/task/${process.pid}/schedstat`),
  threadCpuUsage: () => threadCpuUsageClock(transport),
  samplingInterval: samplingIntervalClock,
}
const billed = {}

const windows = new RollingWindows({
  profiles: new ConsoleProfiles(transport),
  cpuClock: await clocks[workerData.clock](),
  samplingIntervalMicros: 10_000,
  async deliver({ samples, stacks, cpuNanosOfSample }) {
    samples.forEach(({ stack }, i) => {
      const name = outermost(stacks, stack, ['waiting', 'working'])
      billed[name] = (billed[name] ?? 0) + cpuNanosOfSample[i]
    })
  },
  maxLengthMillis: () => 1000,
  restarted() {},
})

await windows.start()
parentPort.postMessage('started')
await messages.next()
await windows.close()
transport.close()
parentPort.postMessage(billed)
// Node.js may abort if this thread ends before the main thread has seen that the session is closed.
await messages.next()
process.exit()

function outermost(stacks, stack, names) {
  for (let at = stacks[stack]; at; at = stacks[at.parent]) {
    if (names.includes(at.frame.functionName)) return at.frame.functionName
  }
  return 'other'
}
