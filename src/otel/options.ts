import { SpanprofError } from '../errors.js'
import { defaultAppName } from '../options/app-name.js'
import {
  checkOptions,
  type Environment,
  fromEnvironment,
  invalidOption,
  type OptionCheck,
  type OptionChecks,
  variablesOf,
} from '../options/option-checks.js'
import { boolean, labels, nonEmptyString, oneOf, webAddress } from '../options/value-checks.js'
import { profileUrlOf } from './profile-urls.js'

/**
 * Whose value a label has: nobody's, the local root span's for all its descendants, or each span's own.
 * A local root is a span without a parent in this process: it has none, or a remote one.
 */
export type LabelScope = 'none' | 'root-span' | 'all-spans'

/**
 * What samples carry that are taken more than five seconds after their span has ended, in work that it
 * has started: all of its labels, its name alone, or none.
 */
export type LabelsAfterEnd = 'all' | 'name' | 'none'

/** A span that has ended, for a link to its profile. */
export interface ProfileOfSpan {
  readonly appName: string
  /** Empty where it was not given. */
  readonly pyroscopeUrl: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** 32 hexadecimal digits. */
  readonly traceId: string
  readonly spanName: string
  /** Since the epoch. */
  readonly startTimeMillis: number
  readonly endTimeMillis: number
}

/**
 * What `wrapTracerProvider` and `SpanProfilesProcessor` take; nothing is required. What is left out is
 * taken from the environment: `SPANPROF_SPAN_ID_LABEL_SCOPE` and so on, as
 * `SPANPROF_PROFILE_BASELINE_LABELS=region=eu,shard=1`. The names are those of `otel-profiling-go`.
 */
export interface SpanProfilesOptions {
  /**
   * Whose id samples carry as `span_id`. With `'all-spans'` every span gets a profile of its own, and
   * a root's no longer has its descendants' samples in it.
   *
   * @default 'root-span'
   */
  spanIdLabelScope?: LabelScope
  /**
   * Whose name samples carry as `span_name`.
   *
   * @default 'root-span'
   */
  spanNameLabelScope?: LabelScope
  /**
   * Samples carry `trace_id`. Turn it off for a Pyroscope before 2.1, which makes a series of each.
   *
   * @default true
   */
  traceIdLabel?: boolean
  /**
   * Samples carry `profile_id` too, an old name of `span_id`, for servers that are asked for
   * `{profile_id="…"}`.
   *
   * @default false
   */
  profileIdLabel?: boolean
  /**
   * Which labels of a span outlive it. A span's profile must not grow for hours because the span has
   * started an interval; what that costs can still be found by the span's name. All labels end with
   * the span whose id is shown, five seconds after it.
   *
   * @default 'name'
   */
  labelsAfterEnd?: LabelsAfterEnd
  /**
   * The older way to say `spanIdLabelScope`: `true` for `'root-span'`, `false` for `'all-spans'`. Also
   * `OTEL_PYROSCOPE_ROOT_SPAN_ONLY`.
   */
  rootSpanOnly?: boolean
  /**
   * The older way to say `spanNameLabelScope`: `false` for `'none'`, `true` for the scope of the id.
   * Also `OTEL_PYROSCOPE_ADD_SPAN_NAME`.
   */
  addSpanName?: boolean
  /**
   * The application's name in links to profiles.
   *
   * @default that of `startProfiler`
   */
  appName?: string
  /** The address that links to profiles begin with. Needed by `profileUrl: true` and the baseline. */
  pyroscopeUrl?: string
  /**
   * Sets `pyroscope.profile.url` at a span's end: `true` for the address that older Pyroscopes
   * understand, or a function that makes the address of yours. Set where `pyroscope.profile.id` is.
   *
   * @default false
   */
  profileUrl?: boolean | ((profile: ProfileOfSpan) => string | undefined)
  /**
   * Sets `pyroscope.profile.baseline.url` and `pyroscope.profile.diff.url`: the span's profile beside
   * all with the same labels in the hour before.
   *
   * @default false
   */
  profileBaselineUrl?: boolean
  /** Labels that the baseline is asked for besides; an empty one takes a span's label out. */
  profileBaselineLabels?: Readonly<Record<string, string | number>>
}

/** Options with every default filled in and every value checked. */
export type ResolvedSpanProfilesOptions = Readonly<
  Required<Omit<SpanProfilesOptions, 'rootSpanOnly' | 'addSpanName' | 'profileUrl'>> & {
    profileUrl: ((profile: ProfileOfSpan) => string | undefined) | undefined
  }
>

const scope: OptionCheck<LabelScope> = oneOf('none', 'root-span', 'all-spans')

const booleanOrFunction: OptionCheck<NonNullable<SpanProfilesOptions['profileUrl']>> = {
  check(name, value) {
    if (typeof value === 'function') return value as (profile: ProfileOfSpan) => string
    if (typeof value === 'boolean') return value
    throw invalidOption(name, 'true, false or a function', value)
  },
  ...(boolean.parse && { parse: boolean.parse }),
}

const CHECKS: OptionChecks<SpanProfilesOptions> = {
  spanIdLabelScope: scope,
  spanNameLabelScope: scope,
  traceIdLabel: boolean,
  profileIdLabel: boolean,
  labelsAfterEnd: oneOf('all', 'name', 'none'),
  rootSpanOnly: boolean,
  addSpanName: boolean,
  appName: nonEmptyString,
  pyroscopeUrl: webAddress,
  profileUrl: booleanOrFunction,
  profileBaselineUrl: boolean,
  profileBaselineLabels: labels,
}

/** The environment variables of these options. */
export const SPAN_PROFILES_VARIABLES = variablesOf(CHECKS)

/** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION` */
export function resolveSpanProfilesOptions(
  options: SpanProfilesOptions = {},
  environment: Environment = process.env,
): ResolvedSpanProfilesOptions {
  const given = checkOptions(options, CHECKS, environment)
  assertSaidOnce(options, 'spanIdLabelScope', 'rootSpanOnly')
  assertSaidOnce(options, 'spanNameLabelScope', 'addSpanName')
  // What is said in code goes before the environment, in whichever of the two ways.
  const spanIdLabelScope =
    options.spanIdLabelScope ??
    idScope(options.rootSpanOnly) ??
    given.spanIdLabelScope ??
    idScope(given.rootSpanOnly ?? older('OTEL_PYROSCOPE_ROOT_SPAN_ONLY', environment)) ??
    'root-span'
  const spanNameLabelScope =
    options.spanNameLabelScope ??
    nameScope(options.addSpanName, spanIdLabelScope) ??
    given.spanNameLabelScope ??
    nameScope(
      given.addSpanName ?? older('OTEL_PYROSCOPE_ADD_SPAN_NAME', environment),
      spanIdLabelScope,
    ) ??
    'root-span'
  const profileUrl = given.profileUrl ?? false
  const profileBaselineUrl = given.profileBaselineUrl ?? false
  if ((profileUrl === true || profileBaselineUrl) && given.pyroscopeUrl === undefined) {
    const asking = profileUrl === true ? 'profileUrl' : 'profileBaselineUrl'
    throw new SpanprofError('ERR_INVALID_OPTION', `${asking} requires pyroscopeUrl`)
  }
  return {
    spanIdLabelScope,
    spanNameLabelScope,
    traceIdLabel: given.traceIdLabel ?? true,
    profileIdLabel: given.profileIdLabel ?? false,
    labelsAfterEnd: given.labelsAfterEnd ?? 'name',
    appName: given.appName ?? defaultAppName(),
    pyroscopeUrl: given.pyroscopeUrl ?? '',
    profileUrl: profileUrl === true ? profileUrlOf : profileUrl || undefined,
    profileBaselineUrl,
    profileBaselineLabels: given.profileBaselineLabels ?? {},
  }
}

function idScope(rootSpanOnly: boolean | undefined): LabelScope | undefined {
  if (rootSpanOnly === undefined) return undefined
  return rootSpanOnly ? 'root-span' : 'all-spans'
}

function nameScope(addSpanName: boolean | undefined, idScope: LabelScope): LabelScope | undefined {
  if (addSpanName === undefined) return undefined
  if (!addSpanName) return 'none'
  return idScope === 'all-spans' ? 'all-spans' : 'root-span'
}

/** A variable that the profilers for other languages read too. */
function older(name: string, environment: Environment): boolean | undefined {
  return fromEnvironment(name, boolean, environment)
}

function assertSaidOnce(
  options: SpanProfilesOptions,
  name: keyof SpanProfilesOptions,
  olderName: keyof SpanProfilesOptions,
): void {
  if (options[name] === undefined || options[olderName] === undefined) return
  throw new SpanprofError(
    'ERR_INVALID_OPTION',
    `${olderName} is the older form of ${name}: set only one of them`,
  )
}
