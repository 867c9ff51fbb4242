import { gunzipSync } from 'node:zlib'
import type { Profile } from 'pprof-format'
import { type EncodedProfile, toEncodedProfile } from './encoded-profile.js'
import { SpanprofError } from './errors.js'
import type { SamplerThread } from './thread/sampler-thread.js'

/** A heap profile in memory. */
export interface HeapProfileResult extends EncodedProfile {
  /**
   * The profile, decoded when it is first looked at: sample types `inuse_objects/count` and
   * `inuse_space/bytes`; `alloc_objects/count` and `alloc_space/bytes` with `heap.allocations`.
   */
  readonly heap: Profile
}

/** @see Profiler.heapProfile */
export async function heapProfile(thread: SamplerThread): Promise<HeapProfileResult> {
  const bytes = await thread.request('heapProfile', undefined)
  if (bytes === undefined) {
    throw new SpanprofError(
      'ERR_HEAP_NOT_PROFILED',
      'something else is already sampling the heap (the app, another profiler, node --heap-prof)',
    )
  }
  const pprof = await import('pprof-format')
  let decoded: Profile | undefined
  return {
    ...toEncodedProfile(bytes),
    get heap() {
      decoded ??= pprof.Profile.decode(gunzipSync(bytes))
      return decoded
    },
  }
}
