import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SpanprofError } from './errors.js'
import type { Logger } from './logger.js'
import type { LabelPairs } from './sample.js'

/** What `startProfiler` takes. */
export interface ProfilerOptions {
  /**
   * The application's name: the start of file names, and what tools show as the profiled binary.
   *
   * @default `OTEL_SERVICE_NAME`, else the `name` in the app's package.json, else `node`
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
   * The time between two profiles in milliseconds, 100 to 86,400,000. A profile is closed earlier
   * when it has grown to 16,000 different stacks with labels.
   *
   * @default 15_000
   */
  flushIntervalMs?: number
  /** Labels of every sample. Labels of the same name in force at a sample go before them. */
  tags?: Readonly<Record<string, string | number>>
  /**
   * Flush at SIGINT and SIGTERM where the app has no handler of its own, then die of the signal as
   * before. Off by default, as with a handler a blocked event loop no longer dies at Ctrl-C.
   *
   * @default false
   */
  flushOnSignals?: boolean
  /**
   * How long the exit of the process may wait for the last profile to be written, in milliseconds,
   * 0 to 60,000. It usually takes 5 to 50.
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
export interface ProfileOptions {
  /** How long to sample, in milliseconds, 10 to 3,600,000. */
  durationMs: number
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
export type ResolvedProfilerOptions = Readonly<
  Required<Omit<ProfilerOptions, 'tags' | 'logger'>> & {
    tags: LabelPairs
    logger: Logger | undefined
  }
>

export type ResolvedProfileOptions = Readonly<{
  durationMs: number
  appName: string
  samplingIntervalMicros: number | undefined
  tags: LabelPairs
}>

export const DEFAULT_SAMPLING_INTERVAL_MICROS = 10_000

type Check<T> = (name: string, value: unknown) => T
type Checks<T> = { [Name in keyof T]-?: Check<NonNullable<T[Name]>> }

const samplingIntervalMicros = integer('microseconds', 100, 1_000_000)

const PROFILER_CHECKS: Checks<ProfilerOptions> = {
  appName: nonEmptyString,
  outputDir: nonEmptyString,
  samplingIntervalMicros,
  flushIntervalMs: integer('milliseconds', 100, 86_400_000),
  tags: tagPairs,
  flushOnSignals: boolean,
  exitTimeoutMs: integer('milliseconds', 0, 60_000),
  logger: loggerWithWarn,
}

const PROFILE_CHECKS: Checks<ProfileOptions> = {
  durationMs: integer('milliseconds', 10, 3_600_000),
  appName: nonEmptyString,
  samplingIntervalMicros,
  tags: tagPairs,
}

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`, `ERR_NO_SINK` */
export function resolveProfilerOptions(options: ProfilerOptions): ResolvedProfilerOptions {
  const given = check(options, PROFILER_CHECKS)
  if (given.outputDir === undefined) {
    throw new SpanprofError(
      'ERR_NO_SINK',
      "nothing says where profiles should go: set outputDir, such as outputDir: './profiles'",
    )
  }
  return {
    appName: given.appName ?? defaultAppName(),
    outputDir: given.outputDir,
    samplingIntervalMicros: given.samplingIntervalMicros ?? DEFAULT_SAMPLING_INTERVAL_MICROS,
    flushIntervalMs: given.flushIntervalMs ?? 15_000,
    tags: toPairs(given.tags),
    flushOnSignals: given.flushOnSignals ?? false,
    exitTimeoutMs: given.exitTimeoutMs ?? 2000,
    logger: given.logger,
  }
}

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION` */
export function resolveProfileOptions(options: ProfileOptions): ResolvedProfileOptions {
  const given = check(options, PROFILE_CHECKS)
  if (given.durationMs === undefined) {
    throw invalid('durationMs', 'a number of milliseconds', undefined)
  }
  return {
    durationMs: given.durationMs,
    appName: given.appName ?? defaultAppName(),
    samplingIntervalMicros: given.samplingIntervalMicros,
    tags: toPairs(given.tags),
  }
}

function check<T extends object>(options: T, checks: Checks<T>): Partial<T> {
  if (typeof options !== 'object' || options === null) {
    throw new SpanprofError('ERR_INVALID_OPTION', `options must be an object, received ${options}`)
  }
  const names = Object.keys(checks)
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw unknownOption(name, names)
  }
  const checked = Object.entries(checks).flatMap(([name, checkValue]) => {
    const value = (options as Record<string, unknown>)[name]
    return value === undefined ? [] : [[name, (checkValue as Check<unknown>)(name, value)]]
  })
  return Object.fromEntries(checked) as Partial<T>
}

function unknownOption(name: string, names: readonly string[]): SpanprofError {
  const nearest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
  return new SpanprofError(
    'ERR_UNKNOWN_OPTION',
    `unknown option '${name}'; did you mean '${nearest}'? There are: ${names.join(', ')}`,
  )
}

/** Levenshtein's distance, whatever the case of the letters. */
function distance(a: string, b: string): number {
  const right = [...b.toLowerCase()]
  let row = [0, ...right.map((_, j) => j + 1)]
  for (const [i, left] of [...a.toLowerCase()].entries()) {
    const next = [i + 1]
    right.forEach((letter, j) => {
      const replaced = (row[j] ?? 0) + (letter === left ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    })
    row = next
  }
  return row.at(-1) ?? 0
}

function integer(unit: string, min: number, max: number): Check<number> {
  return (name, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
      return value
    }
    throw invalid(name, `a whole number of ${unit} from ${min} to ${max}`, value)
  }
}

function nonEmptyString(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid(name, 'a non-empty string', value)
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(name, 'true or false', value)
}

function loggerWithWarn(name: string, value: unknown): Logger {
  const logger = value as Partial<Logger> | null
  if (typeof logger?.warn === 'function' && typeof logger.info === 'function') {
    return logger as Logger
  }
  throw invalid(name, 'an object with the methods warn and info', value)
}

function tagPairs(name: string, value: unknown): Readonly<Record<string, string | number>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, 'an object of strings and numbers', value)
  }
  for (const [key, tag] of Object.entries(value)) {
    if (key === '') throw invalid(name, 'an object whose keys are not empty', value)
    if (typeof tag !== 'string' && typeof tag !== 'number') {
      throw invalid(`${name}.${key}`, 'a string or a number', tag)
    }
  }
  return value as Record<string, string | number>
}

function toPairs(tags: Readonly<Record<string, string | number>> = {}): LabelPairs {
  return Object.keys(tags)
    .sort()
    .flatMap((key) => [key, String(tags[key])])
}

function invalid(name: string, expected: string, value: unknown): SpanprofError {
  return new SpanprofError(
    'ERR_INVALID_OPTION',
    `${name} must be ${expected}, received ${show(value)}`,
  )
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  const asJson = typeof value === 'string' || (typeof value === 'object' && value !== null)
  return asJson ? JSON.stringify(value) : String(value)
}

function defaultAppName(): string {
  return process.env.OTEL_SERVICE_NAME || packageName() || 'node'
}

/** The name in the package.json next to the app's main file or above it. */
function packageName(): string | undefined {
  const main = process.argv[1]
  for (let directory = main === undefined ? process.cwd() : dirname(main); ; ) {
    try {
      const { name } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      return typeof name === 'string' && name !== '' ? name : undefined
    } catch {
      // None here, or none that can be read: look above.
    }
    const above = dirname(directory)
    if (above === directory) return undefined
    directory = above
  }
}
