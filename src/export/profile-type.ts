/** A quantity and its unit, as pprof names them. */
export interface ValueType {
  readonly type: string
  readonly unit: string
}

/** What a profile measures. Its values stand in the order of `sampleTypes`. */
export interface ProfileType {
  /** The part of file names. */
  readonly name: 'cpu' | 'wall' | 'heap' | 'alloc'
  /** The last one is what tools show first. */
  readonly sampleTypes: readonly ValueType[]
  /** The unit of {@link Profile.period}. */
  readonly periodType: ValueType
}

const SAMPLES: ValueType = { type: 'samples', unit: 'count' }
const CPU_NANOS: ValueType = { type: 'cpu', unit: 'nanoseconds' }
const WALL_NANOS: ValueType = { type: 'wall', unit: 'nanoseconds' }
const SPACE_BYTES: ValueType = { type: 'space', unit: 'bytes' }

/** Work: idle time is never in it. */
export const CPU: ProfileType = {
  name: 'cpu',
  sampleTypes: [SAMPLES, CPU_NANOS],
  periodType: CPU_NANOS,
}

/** Time that passed, a waiting thread's too. */
export const WALL: ProfileType = {
  name: 'wall',
  sampleTypes: [SAMPLES, WALL_NANOS],
  periodType: WALL_NANOS,
}

/** What is in use, by where it was allocated. */
export const HEAP: ProfileType = {
  name: 'heap',
  sampleTypes: [
    { type: 'inuse_objects', unit: 'count' },
    { type: 'inuse_space', unit: 'bytes' },
  ],
  periodType: SPACE_BYTES,
}

/** What was allocated in a stretch of time, in use or not. */
export const ALLOC: ProfileType = {
  name: 'alloc',
  sampleTypes: [
    { type: 'alloc_objects', unit: 'count' },
    { type: 'alloc_space', unit: 'bytes' },
  ],
  periodType: SPACE_BYTES,
}
