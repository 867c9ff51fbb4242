import { writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Profile } from 'pprof-format'
import { toLog } from './logger.js'
import { type ProfileOptions, resolveProfileOptions } from './options.js'
import { assertSupportedRuntime } from './runtime-support.js'
import { leaseSamplerThread } from './shared-thread.js'

/** A finished profile in memory. */
export interface ProfileResult {
  /** The CPU profile, decoded: sample types `samples/count` and `cpu/nanoseconds`. */
  readonly cpu: Profile
  /** The bytes of a `.pb.gz` file. */
  encode(): Uint8Array
  /** Writes a `.pb.gz` file, readable by its owner alone. */
  write(path: string): Promise<void>
}

/** @see profile in `index.ts` */
export async function profile(options: ProfileOptions): Promise<ProfileResult> {
  const { samplingIntervalMicros, ...config } = resolveProfileOptions(options)
  assertSupportedRuntime()
  const lease = await leaseSamplerThread(samplingIntervalMicros, toLog())
  try {
    const bytes = await lease.thread.request('oneShot', { ...config, type: 'cpu' })
    const pprof = await import('pprof-format')
    return {
      cpu: pprof.Profile.decode(gunzipSync(bytes)),
      encode: () => bytes.slice(),
      write: (path) => writeFile(path, bytes, { mode: 0o600 }),
    }
  } finally {
    await lease.release()
  }
}
