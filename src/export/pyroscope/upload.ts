/** A Pyroscope refuses profiles over an hour old; a minute less for the way there. */
export const MAX_AGE_MILLIS = 59 * 60_000

/** A profile as a Pyroscope takes it, ready to be sent. */
export interface Upload {
  /** App and tags in the server's grammar, `app{key=value}`. */
  readonly series: string
  readonly startTimeMillis: number
  readonly durationMillis: number
  /** Samples a second. */
  readonly sampleRate: number
  /** Gzipped. */
  readonly pprof: Uint8Array
}
