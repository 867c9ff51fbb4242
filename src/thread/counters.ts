import { PUSH_COUNTERS } from '../export/pyroscope/push-counters.js'

const NAMES = [
  'windows',
  'samples',
  'waitingSamples',
  'idleSamples',
  'lateSamples',
  'unlabelledSamples',
  'lostLabelSamples',
  'truncatedSamples',
  'cpuNanos',
  'processCpuNanos',
  'cpuWaitNanos',
  'suspendedNanos',
  'profilesWritten',
  'profilesEmpty',
  'profilesDropped',
  'bytesWritten',
  'samplerRestarts',
  'sourceMapsRead',
  'sourceMapsFailed',
  'sourceMapsLate',
  'labelFailures',
  'labelsOverruled',
  'pauseMicros',
  'maxPauseMicros',
  'heapReads',
  'heapReadsSkipped',
  'heapReadFailures',
  'heapPauseMicros',
  'maxHeapPauseMicros',
  ...PUSH_COUNTERS,
] as const

export type CounterName = (typeof NAMES)[number]

/**
 * What the sampler thread counts, in memory that both threads see: reading it costs the app no
 * message, and what was counted last survives the thread.
 */
export class Counters {
  readonly memory: SharedArrayBuffer
  readonly #values: Float64Array

  constructor(memory = new SharedArrayBuffer(NAMES.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#values = new Float64Array(memory)
  }

  add(name: CounterName, count = 1): void {
    const index = NAMES.indexOf(name)
    this.#values[index] = (this.#values[index] ?? 0) + count
  }

  raiseTo(name: CounterName, value: number): void {
    const index = NAMES.indexOf(name)
    this.#values[index] = Math.max(this.#values[index] ?? 0, value)
  }

  snapshot(): Record<CounterName, number> {
    const entries = NAMES.map((name, index) => [name, this.#values[index] ?? 0])
    return Object.fromEntries(entries) as Record<CounterName, number>
  }
}
