import { SpanprofError } from '../errors.js'
import {
  type Environment,
  fromEnvironment,
  invalidOption,
  isObject,
  type OptionCheck,
} from '../options/option-checks.js'
import {
  boolean,
  headerText,
  integer,
  nonEmptyString,
  oneOf,
  secret,
  webAddress,
} from '../options/value-checks.js'
import type { SourceMapper } from './source-mapper.js'

/** What `init` takes, as `@pyroscope/nodejs` has it. What is left out is taken from the environment. */
export interface PyroscopeConfig {
  /**
   * `service_name` on the server. `PYROSCOPE_APPLICATION_NAME`
   *
   * @default as `ProfilerOptions.appName`
   */
  appName?: string | undefined
  /**
   * `PYROSCOPE_SERVER_ADDRESS`; `PYROSCOPE_ADHOC_SERVER_ADDRESS` goes before what is given here.
   *
   * @default `http://localhost:4040`
   */
  serverAddress?: string | undefined
  /** Goes before `basicAuthUser`. `PYROSCOPE_AUTH_TOKEN` */
  authToken?: string | undefined
  /** `PYROSCOPE_BASIC_AUTH_USER` */
  basicAuthUser?: string | undefined
  /** `PYROSCOPE_BASIC_AUTH_PASSWORD` */
  basicAuthPassword?: string | undefined
  /** `PYROSCOPE_TENANT_ID` */
  tenantID?: string | undefined
  /**
   * At most half an hour counts, as a server refuses profiles that began over an hour ago.
   * `PYROSCOPE_FLUSH_INTERVAL_MS`
   *
   * @default 60_000
   */
  flushIntervalMs?: number | undefined
  /** Labels of every sample, none of them with `{`, `}`, `,` or `=`. */
  tags?: Record<string, string | number> | undefined
  wall?: PyroscopeWallConfig | undefined
  heap?: PyroscopeHeapConfig | undefined
  /** `PYROSCOPE_STRIP_FILENAMES` */
  stripFilenames?: 'all' | 'dependencies' | undefined
  /**
   * `PYROSCOPE_SHORTEN_PATHS`
   *
   * @default false
   */
  shortenPaths?: boolean | undefined
  /** Accepted, and not needed: source maps are found without it. */
  sourceMapper?: SourceMapper | undefined
}

/** How the thread is sampled. */
export interface PyroscopeWallConfig {
  /**
   * Accepted, and without effect: sampling is never restarted. `flushIntervalMs` says how long a
   * profile is. `PYROSCOPE_WALL_SAMPLING_DURATION_MS`
   */
  samplingDurationMs?: number | undefined
  /**
   * `PYROSCOPE_WALL_SAMPLING_INTERVAL_MICROS`
   *
   * @default 10_000
   */
  samplingIntervalMicros?: number | undefined
  /**
   * A CPU profile beside the wall profile. `PYROSCOPE_WALL_COLLECT_CPU_TIME`
   *
   * @default false
   */
  collectCpuTime?: boolean | undefined
}

/** How the heap is sampled. */
export interface PyroscopeHeapConfig {
  /**
   * `PYROSCOPE_HEAP_SAMPLING_INTERVAL_BYTES`
   *
   * @default 524_288
   */
  samplingIntervalBytes?: number | undefined
  /**
   * At most 128 count. `PYROSCOPE_HEAP_STACK_DEPTH`
   *
   * @default 64
   */
  stackDepth?: number | undefined
}

/** A config that has been checked, with what the environment adds. */
export type CheckedConfig = Omit<PyroscopeConfig, 'wall' | 'heap'> & {
  readonly wall: PyroscopeWallConfig
  readonly heap: PyroscopeHeapConfig
}

interface ConfigKey {
  readonly check: OptionCheck<unknown>
  readonly variable?: string
}

const nameOfSeries: OptionCheck<string> = {
  check(name, value) {
    const fault = typeof value === 'string' ? separatorsIn(name, value) : undefined
    if (fault !== undefined) throw new SpanprofError('ERR_INVALID_OPTION', fault)
    return nonEmptyString.check(name, value)
  },
  parse: (text) => text,
}

/** Unlike other options it tells all its faults at once. */
const tags: OptionCheck<Record<string, string | number>> = {
  check(name, value) {
    if (!isObject(value)) throw invalidOption(name, 'an object of strings and numbers', value)
    const faults = Object.entries(value).flatMap(([key, tag]) => [
      key === '' ? `${name} must not contain an empty name` : undefined,
      separatorsIn(`the tag name ${JSON.stringify(key)}`, key),
      typeof tag === 'string' || typeof tag === 'number'
        ? separatorsIn(`${name}.${key}`, String(tag))
        : `${name}.${key} must be a string or a number, received ${String(tag)}`,
    ])
    const told = faults.filter((fault) => fault !== undefined)
    if (told.length > 0) throw new SpanprofError('ERR_INVALID_OPTION', told.join('\n'))
    return value as Record<string, string | number>
  },
}

/** In Grafana Cloud it is a number, and was accepted as one. */
const userName: OptionCheck<string> = {
  ...nonEmptyString,
  check: (name, value) =>
    nonEmptyString.check(name, typeof value === 'number' ? String(value) : value),
}

const object: OptionCheck<object> = {
  check(name, value) {
    if (isObject(value)) return value
    throw invalidOption(name, 'an object', value)
  },
}

/** Members of `wall` and `heap` after a dot. */
const KEYS: Readonly<Record<string, ConfigKey>> = {
  appName: { check: nameOfSeries, variable: 'PYROSCOPE_APPLICATION_NAME' },
  serverAddress: { check: webAddress, variable: 'PYROSCOPE_SERVER_ADDRESS' },
  authToken: { check: secret, variable: 'PYROSCOPE_AUTH_TOKEN' },
  basicAuthUser: { check: userName, variable: 'PYROSCOPE_BASIC_AUTH_USER' },
  basicAuthPassword: { check: secret, variable: 'PYROSCOPE_BASIC_AUTH_PASSWORD' },
  tenantID: { check: headerText, variable: 'PYROSCOPE_TENANT_ID' },
  flushIntervalMs: {
    check: integer('milliseconds', 100, 86_400_000),
    variable: 'PYROSCOPE_FLUSH_INTERVAL_MS',
  },
  tags: { check: tags },
  wall: { check: object },
  'wall.samplingDurationMs': {
    check: integer('milliseconds', 1, Number.MAX_SAFE_INTEGER),
    variable: 'PYROSCOPE_WALL_SAMPLING_DURATION_MS',
  },
  'wall.samplingIntervalMicros': {
    check: integer('microseconds', 100, 1_000_000),
    variable: 'PYROSCOPE_WALL_SAMPLING_INTERVAL_MICROS',
  },
  'wall.collectCpuTime': { check: boolean, variable: 'PYROSCOPE_WALL_COLLECT_CPU_TIME' },
  heap: { check: object },
  'heap.samplingIntervalBytes': {
    check: integer('bytes', 1024, 2 ** 30),
    variable: 'PYROSCOPE_HEAP_SAMPLING_INTERVAL_BYTES',
  },
  'heap.stackDepth': {
    check: integer('frames', 1, Number.MAX_SAFE_INTEGER),
    variable: 'PYROSCOPE_HEAP_STACK_DEPTH',
  },
  stripFilenames: {
    check: oneOf('all', 'dependencies'),
    variable: 'PYROSCOPE_STRIP_FILENAMES',
  },
  shortenPaths: { check: boolean, variable: 'PYROSCOPE_SHORTEN_PATHS' },
  sourceMapper: { check: object },
}

/** Goes before everything else: the server that a profiled command was given for its own time. */
const ADHOC_VARIABLE = 'PYROSCOPE_ADHOC_SERVER_ADDRESS'

/**
 * The config over the environment.
 *
 * @throws {SpanprofError} `ERR_INVALID_OPTION`, with every fault in its message.
 */
export function checkConfig(config: PyroscopeConfig, environment: Environment): CheckedConfig {
  if (!isObject(config)) throw invalidOption('the config of init', 'an object', config)
  const faults: string[] = []
  const checked: Record<string, unknown> = {}
  const take = (name: string, read: () => unknown) => {
    try {
      const value = read()
      if (value !== undefined) checked[name] = value
    } catch (error) {
      faults.push((error as Error).message)
    }
  }
  for (const [name, { check, variable = '' }] of Object.entries(KEYS)) {
    take(name, () => {
      const given = member(config, name)
      return isGiven(given)
        ? check.check(name, given)
        : fromEnvironment(variable, check, environment)
    })
  }
  take('serverAddress', () => fromEnvironment(ADHOC_VARIABLE, webAddress, environment))
  if (faults.length > 0) {
    throw new SpanprofError('ERR_INVALID_OPTION', `invalid config:\n\n${faults.join('\n')}`)
  }
  const whole = Object.entries(checked).filter(([name]) => !name.includes('.'))
  const members = { wall: membersOf(checked, 'wall'), heap: membersOf(checked, 'heap') }
  return { ...Object.fromEntries(whole), ...members }
}

/** Names in a config that mean nothing. They were accepted in silence before, so they are not refused. */
export function unknownKeys(config: PyroscopeConfig): string[] {
  const names = Object.entries(config).flatMap(([name, value]) =>
    NESTED.has(name) && isObject(value)
      ? Object.keys(value).map((each) => `${name}.${each}`)
      : name,
  )
  return names.filter((name) => !(name in KEYS))
}

const NESTED = new Set(['wall', 'heap'])

/** An empty text is what `process.env.TOKEN ?? ''` gives where there is none. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** @param path a name, or two with a dot. */
function member(config: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) => (isObject(value) ? (value as Record<string, unknown>)[name] : undefined),
      config,
    )
}

function membersOf(checked: Record<string, unknown>, name: string): object {
  const members = Object.entries(checked).filter(([path]) => path.startsWith(`${name}.`))
  return Object.fromEntries(members.map(([path, value]) => [path.slice(name.length + 1), value]))
}

/** The server's grammar for series, `app{key=value,…}`, knows no quotes. */
function separatorsIn(name: string, text: string): string | undefined {
  return /[{},=]/.test(text)
    ? `${name} must not contain any of { } , =, received ${JSON.stringify(text)}`
    : undefined
}
