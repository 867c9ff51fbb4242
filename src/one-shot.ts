import { gunzipSync } from 'node:zlib'
import type { Profile } from 'pprof-format'
import { type EncodedProfile, toEncodedProfile } from './encoded-profile.js'
import { toLog } from './logger.js'
import { type ProfileOptions, resolveProfileOptions } from './options.js'
import { assertSupportedRuntime } from './runtime-support.js'
import { leaseSamplerThread } from './shared-thread.js'

/** A finished CPU profile in memory. */
export interface ProfileResult extends EncodedProfile {
  /** The CPU profile, decoded: sample types `samples/count` and `cpu/nanoseconds`. */
  readonly cpu: Profile
}

/** @see profile in `index.ts` */
export async function profile(options: ProfileOptions): Promise<ProfileResult> {
  const { samplingIntervalMicros, ...config } = resolveProfileOptions(options)
  assertSupportedRuntime()
  const lease = await leaseSamplerThread(samplingIntervalMicros, toLog())
  try {
    const bytes = await lease.thread.request('oneShot', { ...config, type: 'cpu' })
    const pprof = await import('pprof-format')
    return { cpu: pprof.Profile.decode(gunzipSync(bytes)), ...toEncodedProfile(bytes) }
  } finally {
    await lease.release()
  }
}
