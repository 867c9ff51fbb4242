import { MAX_STACK_DEPTH } from '../sampler/heap-sampler.js'
import { type OptionCheck, type OptionChecks, objectOf } from './option-checks.js'
import { boolean, integer, number } from './value-checks.js'

/** How the heap is sampled. */
export interface HeapOptions {
  /**
   * One allocation is sampled for so many bytes on average, 1,024 to 1 GiB. Where that would be more
   * than 16,384 samples, it is widened, as the profile's period says.
   *
   * @default 524_288 (512 KiB)
   */
  samplingIntervalBytes?: number
  /**
   * Frames of a stack that are kept, the innermost ones, 1 to 128.
   *
   * @default 64
   */
  stackDepth?: number
  /**
   * Profiles of all that was allocated since the last one, `alloc`, in place of those of what is in
   * use: V8 can tell either, not both. Where one has more than 8,192 samples, the next one has a wider
   * interval; before Node.js 26 it is 8 KiB at least.
   *
   * @default false
   */
  allocations?: boolean
  /**
   * The share of the time that reading the heap may stall the app, in percent, 0.001 to 100. Before
   * Node.js 26 each profile is a full garbage collection, about a second for each GiB in use: there are
   * then fewer profiles, so that this holds, the first one after 1,000 times its pause. Only the one at
   * the end may take 20 ms whatever this says. 100 for one at each flush, whatever it takes.
   *
   * @default 0.1
   */
  maxPausePercent?: number
}

/** What is sampled where heap profiling is on. */
export type ResolvedHeapOptions = Readonly<Required<HeapOptions>>

const members: OptionChecks<HeapOptions> = {
  samplingIntervalBytes: integer('bytes', 1024, 2 ** 30),
  stackDepth: integer('frames', 1, MAX_STACK_DEPTH),
  allocations: boolean,
  maxPausePercent: number('percent', 0.001, 100),
}

const object = objectOf<HeapOptions>(members)

/** `true` for all defaults; in the environment `SPANPROF_HEAP=true`, or its options alone. */
export const heapCheck: OptionCheck<boolean | HeapOptions> = {
  ...object,
  check: (name, value) =>
    typeof value === 'boolean' ? value : (object.check(name, value) as HeapOptions),
  ...(boolean.parse && { parse: boolean.parse }),
}

/** @returns `undefined` where the heap is not to be profiled. */
export function resolveHeapOptions(
  given: boolean | HeapOptions | undefined,
): ResolvedHeapOptions | undefined {
  if (given === undefined || given === false) return undefined
  const options = given === true ? {} : given
  return {
    samplingIntervalBytes: options.samplingIntervalBytes ?? 524_288,
    stackDepth: options.stackDepth ?? 64,
    allocations: options.allocations ?? false,
    maxPausePercent: options.maxPausePercent ?? 0.1,
  }
}
