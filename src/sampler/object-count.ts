/** V8 hands out no object smaller: a map and one field. */
const SMALLEST_OBJECT_BYTES = 16

/**
 * What V8 makes of one sampled object: an object of `s` bytes is met with a probability of
 * 1 - exp(-s / interval), so a sample of it stands for the reciprocal in objects
 * (`SamplingHeapProfiler::ScaleSample`,
 * https://github.com/v8/v8/blob/13.6.233/src/profiler/sampling-heap-profiler.cc).
 */
function scaledBytes(objectBytes: number, intervalBytes: number): number {
  return objectBytes / -Math.expm1(-objectBytes / intervalBytes)
}

/** The size of the object whose sample stands for `bytes`. */
export function objectBytes(bytes: number, intervalBytes: number): number {
  // Newton's method on a convex function, from above: it comes down to the root.
  let size = bytes
  for (let i = 0; i < 20; i++) {
    const sampled = -Math.expm1(-size / intervalBytes)
    const slope = (sampled - (size / intervalBytes) * (1 - sampled)) / sampled ** 2
    size = Math.max(
      SMALLEST_OBJECT_BYTES,
      size - (scaledBytes(size, intervalBytes) - bytes) / slope,
    )
  }
  return size
}

/** What V8 tells of the objects that were allocated in one place. */
export interface SampledObjects {
  /** All bytes, scaled up per size and place. */
  readonly bytes: number
  /** The bytes of each sample, scaled up one by one. */
  readonly samples: readonly number[]
}

/**
 * Estimates how many objects a place has allocated. V8 gives scaled bytes alone, and rounds them to
 * whole objects: in a small object's sample that is as much as what tells its size, in the sum over
 * the place it is little. So the samples tell sizes apart, and the sum sets them right. One sample of
 * the typical size is added to each, which keeps a single one from going astray: by its logarithm, as
 * it may be a thousand times larger than the place's own, and must not outweigh ten of those.
 *
 * @param typicalBytes see {@link typicalSampleBytes}.
 */
export function objectCount(
  { bytes, samples }: SampledObjects,
  intervalBytes: number,
  typicalBytes: number,
): number {
  const small = samples.filter((sample) => sample < smallBytes(intervalBytes))
  const largeBytes = sum(samples) - sum(small)
  const largeNumber = samples.length - small.length
  // Where objects are so large that the sum is over what small ones may have, V8 has rounded their
  // samples down to within the interval: the sum alone is right.
  const isAsSmall = largeNumber > 0 || bytes < small.length * smallBytes(intervalBytes)
  if (small.length === 0 || !isAsSmall) return countByMean(bytes, samples.length, intervalBytes)
  const correction = excessCorrection(bytes - largeBytes, small, intervalBytes)
  const typicalLog = Math.log(atLeastSmallest(typicalBytes - intervalBytes))
  return sum([
    countByMean(largeBytes, largeNumber, intervalBytes),
    ...[...numberOfEach(small)].map(([sample, times]) => {
      const excess = atLeastSmallest((sample - intervalBytes) * correction)
      const mean = Math.exp((times * Math.log(excess) + typicalLog) / (times + 1))
      return (times * (intervalBytes + excess)) / objectBytes(intervalBytes + mean, intervalBytes)
    }),
  ])
}

/** A small object's sample is over the interval by half the object. */
function atLeastSmallest(excess: number): number {
  return Math.max(SMALLEST_OBJECT_BYTES / 2, excess)
}

/** What small samples have over the interval tells their size: this is what V8 rounded away of it. */
function excessCorrection(bytes: number, small: readonly number[], intervalBytes: number): number {
  const excess = bytes - small.length * intervalBytes
  // Otherwise the rounding of large objects is in the sum too.
  const isTheirs = excess > 0 && bytes < small.length * smallBytes(intervalBytes)
  return isTheirs ? excess / (sum(small) - small.length * intervalBytes) : 1
}

function countByMean(bytes: number, samples: number, intervalBytes: number): number {
  return samples === 0 ? 0 : bytes / objectBytes(bytes / samples, intervalBytes)
}

/** What the sample of a small object stands for is less: the interval and a little. */
function smallBytes(intervalBytes: number): number {
  return intervalBytes + intervalBytes / 16
}

/** The median of the small samples: large objects tell nothing of them. */
export function typicalSampleBytes(samples: readonly number[], intervalBytes: number): number {
  const small = samples.filter((sample) => sample < smallBytes(intervalBytes))
  return small.toSorted((a, b) => a - b)[small.length >> 1] ?? intervalBytes
}

function numberOfEach(values: readonly number[]): Map<number, number> {
  const numbers = new Map<number, number>()
  for (const value of values) numbers.set(value, (numbers.get(value) ?? 0) + 1)
  return numbers
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
