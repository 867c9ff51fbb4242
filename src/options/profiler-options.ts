import { SpanprofError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { LabelPairs, RecordedType } from '../sample.js'
import { defaultAppName } from './app-name.js'
import {
  type HeapOptions,
  heapCheck,
  type ResolvedHeapOptions,
  resolveHeapOptions,
} from './heap-options.js'
import {
  checkOptions,
  type Environment,
  invalidOption,
  type OptionCheck,
  type OptionChecks,
  variablesOf,
} from './option-checks.js'
import { resourceAttribute } from './otel-resource.js'
import {
  type ResolvedServerOptions,
  resolveServerOptions,
  SERVER_CHECKS,
  type ServerOptions,
} from './server-options.js'
import {
  type ResolvedSourceOptions,
  resolveSourceOptions,
  SOURCE_CHECKS,
  type SourceOptions,
} from './source-options.js'
import { boolean, integer, labels, nonEmptyString } from './value-checks.js'

/**
 * What `startProfiler` takes. What is left out is taken from the environment, where the option has a
 * variable there: `SPANPROF_OUTPUT_DIR`, `SPANPROF_FLUSH_INTERVAL_MS` and so on, `SPANPROF_TAGS` as
 * `region=eu,shard=1`.
 */
export interface ProfilerOptions extends ServerOptions, SourceOptions {
  /**
   * The application's name: the start of file names, and what tools show as the profiled binary.
   *
   * @default `OTEL_SERVICE_NAME`, else `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, else the `name` in
   *   the app's package.json, else `node`
   */
  appName?: string
  /**
   * A directory for `.pb.gz` files, made when it is missing. Relative to the working directory.
   */
  outputDir?: string
  /**
   * The time between two samples in microseconds, 100 to 1,000,000. Half of it costs twice as much.
   *
   * @default 10_000 (100 Hz)
   */
  samplingIntervalMicros?: number
  /**
   * The time between two profiles in milliseconds, 100 to 86,400,000; with `serverAddress` up to
   * 1,800,000, as a server refuses profiles that began over an hour ago. A profile is closed earlier
   * when it has grown to 16,000 different stacks with labels.
   *
   * @default 15_000
   */
  flushIntervalMs?: number
  /**
   * CPU profiles: the time that the thread worked.
   *
   * @default true
   */
  cpu?: boolean
  /**
   * Wall profiles beside them: the time that passed, with what the thread waited.
   *
   * @default false
   */
  wall?: boolean
  /**
   * Heap profiles: what is in use, and where it was allocated. `true` for all its defaults.
   *
   * @default false
   */
  heap?: boolean | HeapOptions
  /**
   * Labels of every sample. Labels of the same name in force at a sample go before them.
   *
   * @default `service_namespace`, where `OTEL_RESOURCE_ATTRIBUTES` has a `service.namespace`
   */
  tags?: Readonly<Record<string, string | number>>
  /**
   * Flush at SIGINT and SIGTERM where the app has no handler of its own, then die of the signal as
   * before. Off by default, as with a handler a blocked event loop no longer dies at Ctrl-C.
   *
   * @default false
   */
  flushOnSignals?: boolean
  /**
   * How long the exit of the process may wait for the last profile to be written and uploaded, in
   * milliseconds, 0 to 60,000. Writing usually takes 5 to 50.
   *
   * @default 2000
   */
  exitTimeoutMs?: number
  /**
   * Hears what a person should know, one line for a row of failures.
   *
   * @default warnings go to `process.emitWarning`, the rest to `NODE_DEBUG=spanprof`
   */
  logger?: Logger
}

/** What `profile` takes. */
export interface ProfileOptions extends ProfileSettings {
  /** How long to sample, in milliseconds, 10 to 3,600,000. */
  durationMs: number
  /** Ends the profile early: `profile` rejects with the signal's reason. */
  signal?: AbortSignal
}

/** What profiles that somebody asks for have in common, however they are asked for. */
export interface ProfileSettings extends SourceOptions {
  /** @see ProfilerOptions.appName */
  appName?: string
  /**
   * The time between two samples in microseconds, 100 to 1,000,000. While a profiler runs it is the
   * profiler's, and may be left out.
   *
   * @default 10_000 (100 Hz)
   */
  samplingIntervalMicros?: number
  /** @see ProfilerOptions.tags */
  tags?: Readonly<Record<string, string | number>>
}

/** Options with every default filled in and every value checked. */
export interface ResolvedProfilerOptions {
  readonly appName: string
  readonly outputDir: string | undefined
  readonly server: ResolvedServerOptions | undefined
  readonly samplingIntervalMicros: number
  readonly flushIntervalMs: number
  /** What is made of V8's samples. */
  readonly types: readonly RecordedType[]
  readonly heap: ResolvedHeapOptions | undefined
  readonly sources: ResolvedSourceOptions
  readonly tags: LabelPairs
  readonly flushOnSignals: boolean
  readonly exitTimeoutMs: number
  readonly logger: Logger | undefined
}

export interface ResolvedProfileSettings {
  readonly appName: string
  readonly samplingIntervalMicros: number | undefined
  readonly sources: ResolvedSourceOptions
  readonly tags: LabelPairs
}

export interface ResolvedProfileOptions extends ResolvedProfileSettings {
  readonly durationMs: number
  readonly signal: AbortSignal | undefined
}

export const DEFAULT_SAMPLING_INTERVAL_MICROS = 10_000
/** Half of the age at which a server refuses profiles: the other half is for bad days. */
export const MAX_PUSH_INTERVAL_MS = 1_800_000

const samplingIntervalMicros = integer('microseconds', 100, 1_000_000)

const loggerWithWarn: OptionCheck<Logger> = {
  check(name, value) {
    const logger = value as Partial<Logger> | null
    if (typeof logger?.warn === 'function' && typeof logger.info === 'function') {
      return logger as Logger
    }
    throw invalidOption(name, 'an object with the methods warn and info', value)
  },
}

const abortSignal: OptionCheck<AbortSignal> = {
  check(name, value) {
    if (value instanceof AbortSignal) return value
    throw invalidOption(name, 'an AbortSignal', value)
  },
}

const PROFILER_CHECKS: OptionChecks<ProfilerOptions> = {
  appName: nonEmptyString,
  outputDir: nonEmptyString,
  ...SERVER_CHECKS,
  samplingIntervalMicros,
  flushIntervalMs: integer('milliseconds', 100, 86_400_000),
  cpu: boolean,
  wall: boolean,
  heap: heapCheck,
  ...SOURCE_CHECKS,
  tags: labels,
  flushOnSignals: boolean,
  exitTimeoutMs: integer('milliseconds', 0, 60_000),
  logger: loggerWithWarn,
}

const SETTINGS_CHECKS: OptionChecks<ProfileSettings> = {
  appName: nonEmptyString,
  samplingIntervalMicros,
  ...SOURCE_CHECKS,
  tags: labels,
}

const PROFILE_CHECKS: OptionChecks<ProfileOptions> = {
  durationMs: { check: integer('milliseconds', 10, 3_600_000).check },
  ...SETTINGS_CHECKS,
  signal: abortSignal,
}

/** The environment variables of a profiler's options. */
export const PROFILER_VARIABLES = variablesOf(PROFILER_CHECKS)

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`, `ERR_NO_SINK` */
export function resolveProfilerOptions(
  options: ProfilerOptions,
  environment: Environment = process.env,
): ResolvedProfilerOptions {
  const given = checkOptions(options, PROFILER_CHECKS, environment)
  if (given.outputDir === undefined && given.serverAddress === undefined) {
    throw new SpanprofError(
      'ERR_NO_SINK',
      "no destination for profiles: set serverAddress, such as 'http://localhost:4040', or outputDir, such as './profiles' (SPANPROF_SERVER_ADDRESS, SPANPROF_OUTPUT_DIR)",
    )
  }
  const server = resolveServerOptions(given, environment)
  const { flushIntervalMs = 15_000 } = given
  if (server !== undefined && flushIntervalMs > MAX_PUSH_INTERVAL_MS) {
    const limit = `at most ${MAX_PUSH_INTERVAL_MS} milliseconds with serverAddress`
    throw invalidOption('flushIntervalMs', limit, flushIntervalMs)
  }
  return {
    appName: given.appName ?? defaultAppName(),
    outputDir: given.outputDir,
    server,
    samplingIntervalMicros: given.samplingIntervalMicros ?? DEFAULT_SAMPLING_INTERVAL_MICROS,
    flushIntervalMs,
    types: recordedTypes(given),
    heap: resolveHeapOptions(given.heap),
    sources: resolveSourceOptions(given),
    tags: toPairs({ ...namespaceTag(), ...given.tags }),
    flushOnSignals: given.flushOnSignals ?? false,
    exitTimeoutMs: given.exitTimeoutMs ?? 2000,
    logger: given.logger,
  }
}

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION` */
export function resolveProfileOptions(
  options: ProfileOptions,
  environment: Environment = process.env,
): ResolvedProfileOptions {
  const given = checkOptions(options, PROFILE_CHECKS, environment)
  if (given.durationMs === undefined) {
    throw invalidOption('durationMs', 'a number of milliseconds', undefined)
  }
  return { ...filledIn(given), durationMs: given.durationMs, signal: given.signal }
}

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION` */
export function resolveProfileSettings(
  settings: ProfileSettings,
  environment: Environment = process.env,
): ResolvedProfileSettings {
  return filledIn(checkOptions(settings, SETTINGS_CHECKS, environment))
}

function filledIn(given: ProfileSettings): ResolvedProfileSettings {
  return {
    appName: given.appName ?? defaultAppName(),
    samplingIntervalMicros: given.samplingIntervalMicros,
    sources: resolveSourceOptions(given),
    tags: toPairs({ ...namespaceTag(), ...given.tags }),
  }
}

function recordedTypes({ cpu = true, wall = false, heap }: ProfilerOptions): RecordedType[] {
  if (!cpu && !wall && resolveHeapOptions(heap) === undefined) {
    throw invalidOption('cpu', 'true unless wall or heap is on', cpu)
  }
  return [...(cpu ? (['cpu'] as const) : []), ...(wall ? (['wall'] as const) : [])]
}

/** Grafana looks for a service's profiles by it too, where its traces have one. */
function namespaceTag(): Record<string, string> {
  const namespace = resourceAttribute('service.namespace')
  return namespace === undefined || namespace === '' ? {} : { service_namespace: namespace }
}

function toPairs(tags: Readonly<Record<string, string | number>>): LabelPairs {
  return Object.keys(tags)
    .sort()
    .flatMap((key) => [key, String(tags[key])])
}
