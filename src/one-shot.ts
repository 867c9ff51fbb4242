import { gunzipSync } from 'node:zlib'
import type { Profile } from 'pprof-format'
import { type EncodedProfile, toEncodedProfile } from './encoded-profile.js'
import type { Log } from './failure-burst.js'
import { toLog } from './logger.js'
import {
  type ProfileOptions,
  type ResolvedProfileOptions,
  resolveProfileOptions,
} from './options/profiler-options.js'
import { assertSupportedRuntime } from './runtime-support.js'
import { leaseSamplerThread } from './shared-thread.js'
import type { OneShotConfig } from './thread/protocol.js'

/** A finished CPU profile in memory. */
export interface ProfileResult extends EncodedProfile {
  /** The CPU profile, decoded: sample types `samples/count` and `cpu/nanoseconds`. */
  readonly cpu: Profile
}

/** @see profile in `index.ts` */
export async function profile(options: ProfileOptions): Promise<ProfileResult> {
  const bytes = await oneShot(resolveProfileOptions(options), {
    type: 'cpu',
    names: 'plain',
  })
  const pprof = await import('pprof-format')
  return { cpu: pprof.Profile.decode(gunzipSync(bytes)), ...toEncodedProfile(bytes) }
}

/** What is made of a one-shot, and for whom. */
export interface OneShotKind extends Pick<OneShotConfig, 'type' | 'names'> {
  /** The process stays alive for it. @default true */
  readonly keepsAlive?: boolean
  /** Whichever interval is in use will do; the one of the options is for a thread that starts anew. */
  readonly anyInterval?: boolean
  /** How long sampling goes on afterwards, as the next one may follow soon. @default 0 */
  readonly lingerMillis?: number
  /** Hears what the sampler thread says, where it is started for this. */
  readonly log?: Log
}

/** @returns the bytes of a `.pb.gz` file. */
export async function oneShot(
  { samplingIntervalMicros, signal, ...config }: ResolvedProfileOptions,
  { keepsAlive = true, anyInterval = false, lingerMillis = 0, log = toLog(), ...kind }: OneShotKind,
): Promise<Uint8Array> {
  assertSupportedRuntime()
  signal?.throwIfAborted()
  const required = anyInterval ? undefined : samplingIntervalMicros
  const newIntervalMicros = samplingIntervalMicros
  const lease = await leaseSamplerThread(required, log, { newIntervalMicros })
  try {
    return await lease.thread.request('oneShot', { ...config, ...kind }, { signal, keepsAlive })
  } finally {
    await lease.release({ lingerMillis })
  }
}
