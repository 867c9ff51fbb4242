import { AllocationMeter, stopLeftMeter } from './allocation-meter.js'
import { evaluate } from './evaluate.js'
import { SampleContinuity } from './sample-continuity.js'
import type { Transport } from './transport.js'
import type { V8HeapProfile } from './v8-heap-profile.js'

/**
 * Frames that V8 may keep of a stack. One level of its tree is two of the message that carries it, and
 * V8 ends the process when these are over 300. Before Node.js 26 it keeps 128, whatever it is told.
 */
export const MAX_STACK_DEPTH = 128

/** V8 holds each sampled object by a handle of this size, until the object is collected. */
const HANDLE_BYTES = 32
/**
 * Between two looks at the meter a tight loop allocates half a gigabyte. Sampled no more finely than
 * this, it is a reading that fits the memory.
 */
const LEAST_METERED_INTERVAL_BYTES = 8192

export interface HeapSamplerOptions {
  readonly samplingIntervalBytes: number
  /** At most {@link MAX_STACK_DEPTH}. */
  readonly stackDepth: number
  /** Keep the samples of what has been collected too. */
  readonly allocations: boolean
}

/** What V8 gave, and how long the profiled thread stood still for it. */
export interface HeapReading {
  readonly profile: V8HeapProfile
  /** What the samples were taken by. */
  readonly intervalBytes: number
  readonly pauseMicros: number
}

/** V8 samples the heap for somebody else: the app, another profiler, or `node --heap-prof`. */
export class HeapOccupied extends Error {}

/**
 * V8's sampling of allocations. There is one of it in a thread, and it goes on while it is read.
 *
 * Started by `v8.startHeapProfile()`, where Node.js has that (26), reading it collects no garbage.
 * Started through the inspector, each reading is a full collection.
 */
export class HeapSampler {
  readonly #transport: Transport
  readonly #options: HeapSamplerOptions
  readonly #natively: boolean
  readonly #meter: AllocationMeter
  #continuity = new SampleContinuity(0)
  #intervalBytes = 0
  #allocatedBytesAtStart = 0
  #handleBytesAtStart = 0

  /** @throws {HeapOccupied} */
  static async start(transport: Transport, options: HeapSamplerOptions): Promise<HeapSampler> {
    const sampler = new HeapSampler(transport, options, await hasNativeStart(transport))
    await sampler.#startIfFree()
    return sampler
  }

  private constructor(transport: Transport, options: HeapSamplerOptions, natively: boolean) {
    this.#transport = transport
    this.#options = options
    this.#natively = natively
    this.#meter = new AllocationMeter(transport)
  }

  /** Whether a reading is a full garbage collection. */
  get collects(): boolean {
    return !this.#natively
  }

  /** Bytes of the heap in use, garbage included. Costs next to nothing. */
  async usedBytes(): Promise<number> {
    const { usedSize } = (await this.#transport.send('Runtime.getHeapUsage')) as {
      usedSize: number
    }
    return usedSize
  }

  /** What is sampled by: what was asked for, where that can be kept in bounds. */
  get intervalBytes(): number {
    return this.#intervalBytes
  }

  /**
   * How many samples a reading would hold, about; garbage included. Reading very many would end the
   * process. For allocations this has to be asked every {@link METER_MILLIS}.
   */
  async sampleCount(): Promise<number> {
    if (!this.#options.allocations) {
      return Math.max(0, (await this.#handleBytes()) - this.#handleBytesAtStart) / HANDLE_BYTES
    }
    const bytes = (await this.#meter.allocatedBytes()) - this.#allocatedBytesAtStart
    return bytes / this.#intervalBytes
  }

  /**
   * Reads what has been sampled since the start.
   *
   * @throws {HeapOccupied} where it is somebody else's meanwhile.
   */
  async read(): Promise<HeapReading> {
    return this.#reading('HeapProfiler.getSamplingProfile')
  }

  /** Begins anew, without a reading of what has been sampled. */
  async restart(intervalBytes: number): Promise<void> {
    await this.stop()
    await this.#start(intervalBytes)
  }

  /**
   * Reads what has been sampled since the start, and begins anew.
   *
   * @param nextIntervalBytes how to go on, given what was read.
   * @throws {HeapOccupied} where it is somebody else's meanwhile.
   */
  async readAndRestart(
    nextIntervalBytes: (profile: V8HeapProfile) => number,
  ): Promise<HeapReading> {
    const reading = await this.#reading('HeapProfiler.stopSampling')
    await this.#start(nextIntervalBytes(reading.profile))
    return reading
  }

  async stop(): Promise<void> {
    if (this.#options.allocations) await this.#meter.stop()
    // Unlike `stopSampling`, these do not collect.
    if (this.#natively) await this.#evaluate(STOP)
    else await this.#transport.send('HeapProfiler.disable')
  }

  async #startIfFree(): Promise<void> {
    await this.stop() // What an earlier try may have left; nobody else's.
    if (!this.#natively) {
      // The inspector says nothing of a start in vain. Natively it must not be read: the stacks of
      // somebody else may be deeper than V8 can send.
      const read = this.#transport.send('HeapProfiler.getSamplingProfile')
      const isFree = await read.then(
        () => false,
        () => true,
      )
      if (!isFree) throw new HeapOccupied()
    }
    await this.#start(this.#options.samplingIntervalBytes)
  }

  async #reading(command: string): Promise<HeapReading> {
    const reading = await this.#timed(command).catch(async (error) => {
      // Somebody has stopped it. Our claim ends before they start theirs, which it would stop.
      await this.stop().catch(() => {})
      throw error
    })
    if (this.#continuity.goesOn(reading.profile.samples)) return reading
    if (this.#options.allocations) await this.#meter.stop()
    if (this.#natively) await this.#evaluate(FORGET)
    throw new HeapOccupied()
  }

  async #start(givenIntervalBytes: number): Promise<void> {
    const { stackDepth, allocations } = this.#options
    const samplingIntervalBytes =
      allocations && !this.#natively
        ? Math.max(givenIntervalBytes, LEAST_METERED_INTERVAL_BYTES)
        : givenIntervalBytes
    this.#continuity = new SampleContinuity(samplingIntervalBytes)
    this.#intervalBytes = samplingIntervalBytes
    if (allocations) this.#allocatedBytesAtStart = await this.#meter.allocatedBytes()
    else this.#handleBytesAtStart = await this.#handleBytes()
    const options = {
      stackDepth,
      includeObjectsCollectedByMajorGC: allocations,
      includeObjectsCollectedByMinorGC: allocations,
    }
    if (this.#natively) {
      const native = { ...options, sampleInterval: samplingIntervalBytes }
      const outcome = await this.#evaluate(startExpression(native))
      if (outcome === 'ERR_HEAP_PROFILE_HAVE_BEEN_STARTED') throw new HeapOccupied()
      if (outcome !== 'started') throw new Error(`v8.startHeapProfile: ${outcome}`)
    } else {
      await Promise.all([
        this.#transport.send('HeapProfiler.enable'), // Else `disable` would do nothing.
        this.#transport.send('HeapProfiler.startSampling', {
          ...options,
          samplingInterval: samplingIntervalBytes,
        }),
      ])
    }
  }

  /**
   * Commands that are sent in one go run one after the other in the profiled thread, so the clock is
   * read right before and after. Should the app have put another clock in its place, the time that
   * passed here stands in.
   */
  async #timed(command: string): Promise<HeapReading> {
    const sentMillis = performance.now()
    const [before, { profile }, after] = await Promise.all([
      this.#evaluate(CLOCK),
      this.#transport.send(command) as Promise<{ profile: V8HeapProfile }>,
      this.#evaluate(CLOCK),
    ])
    const passedMicros = (performance.now() - sentMillis) * 1000
    const pauseMicros = Number(after) - Number(before)
    return {
      profile,
      intervalBytes: this.#intervalBytes,
      pauseMicros: pauseMicros > 0 ? pauseMicros : passedMicros,
    }
  }

  async #handleBytes(): Promise<number> {
    return Number((await this.#evaluate(HANDLES)) ?? 0)
  }

  #evaluate(expression: string): Promise<unknown> {
    return evaluate(this.#transport, expression)
  }
}

async function hasNativeStart(transport: Transport): Promise<boolean> {
  return (await evaluate(transport, HAS_NATIVE_START)) === true
}

const HAS_NATIVE_START = `typeof process.getBuiltinModule('v8').startHeapProfile === 'function'
//# sourceURL=spanprof:heap`

const HANDLES = `process.getBuiltinModule('v8').getHeapStatistics().used_global_handles_size
//# sourceURL=spanprof:heap`

const CLOCK = `{
  const [seconds, nanos] = process.hrtime()
  seconds * 1e6 + nanos / 1e3
}
//# sourceURL=spanprof:heap`

/**
 * The handle is left where {@link stopLeftHeapSampling} finds it: unlike sampling through the
 * inspector, this outlives the thread that asked for it.
 */
const HANDLE = `globalThis[Symbol.for('spanprof.heap.1')]`

function startExpression(options: object): string {
  return `(() => {
  try {
    ${HANDLE} = process.getBuiltinModule('v8').startHeapProfile(${JSON.stringify(options)})
    return 'started'
  } catch (error) {
    return error.code ?? error.message
  }
})()
//# sourceURL=spanprof:heap`
}

const STOP = `try {
  ${HANDLE}?.stop()
} finally {
  delete ${HANDLE}
}
//# sourceURL=spanprof:heap`

const FORGET = `delete ${HANDLE}
//# sourceURL=spanprof:heap`

/** In the profiled thread: ends the sampling that a sampler thread has left behind when it died. */
export function stopLeftHeapSampling(): void {
  const key = Symbol.for('spanprof.heap.1')
  const shared = globalThis as { [key]?: { stop(): void } }
  try {
    shared[key]?.stop()
  } catch {
    // Somebody else has stopped it already.
  }
  delete shared[key]
  stopLeftMeter()
}
