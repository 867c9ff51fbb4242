import type { Span } from '@opentelemetry/api'
import { entries, type LabelSet } from '../labels/label-set.js'
import type { ProfileOfSpan, ResolvedSpanProfilesOptions } from './options.js'
import type { SpanLabels } from './span-labels.js'

const PROFILE_URL_ATTRIBUTE = 'pyroscope.profile.url'
const BASELINE_URL_ATTRIBUTE = 'pyroscope.profile.baseline.url'
const DIFF_URL_ATTRIBUTE = 'pyroscope.profile.diff.url'

const HOUR_MILLIS = 3_600_000

/** Sets the attributes that lead from a span to its profile, where they are asked for, when it ends. */
export function addProfileUrls(
  span: Span,
  labels: SpanLabels,
  userLabels: LabelSet | undefined,
  options: ResolvedSpanProfilesOptions,
): void {
  const { profileUrl, profileBaselineUrl } = options
  if (profileUrl === undefined && !profileBaselineUrl) return
  const startTimeMillis = Date.now()
  const end = span.end
  span.end = function (this: Span, ...args) {
    try {
      const profile = describe(span, labels, startTimeMillis, options)
      setUrls(span, profile, userLabels, options)
    } catch {
      // A `profileUrl` of the app's own that throws: the span ends without a URL.
    }
    return end.apply(this, args)
  }
}

function describe(
  span: Span,
  { name, spanId }: SpanLabels,
  startTimeMillis: number,
  { appName, pyroscopeUrl }: ResolvedSpanProfilesOptions,
): ProfileOfSpan {
  const { traceId } = span.spanContext()
  const endTimeMillis = Date.now()
  return { appName, pyroscopeUrl, spanId, traceId, spanName: name, startTimeMillis, endTimeMillis }
}

function setUrls(
  span: Span,
  profile: ProfileOfSpan,
  userLabels: LabelSet | undefined,
  {
    profileUrl,
    profileBaselineUrl,
    profileBaselineLabels,
    spanNameLabelScope,
  }: ResolvedSpanProfilesOptions,
): void {
  const url = profileUrl?.(profile)
  if (typeof url === 'string') span.setAttribute(PROFILE_URL_ATTRIBUTE, url)
  if (!profileBaselineUrl) return
  const labels = new Map(entries(userLabels?.pairs))
  if (spanNameLabelScope !== 'none') labels.set('span_name', profile.spanName)
  for (const [key, value] of Object.entries(profileBaselineLabels)) {
    if (value === '') labels.delete(key)
    else labels.set(key, String(value))
  }
  const query = baselineQuery(profile, labels)
  span.setAttribute(BASELINE_URL_ATTRIBUTE, `${profile.pyroscopeUrl}/comparison?${query}`)
  span.setAttribute(DIFF_URL_ATTRIBUTE, `${profile.pyroscopeUrl}/comparison-diff?${query}`)
}

/** `<url>/?from=…&query=<app>.cpu{profile_id="<span id>"}&until=…`, times in nanoseconds. */
export function profileUrlOf(profile: ProfileOfSpan): string {
  const query = new URLSearchParams({
    from: nanos(profile.startTimeMillis),
    query: spanSelector(profile),
    until: nanos(profile.endTimeMillis),
  })
  return `${profile.pyroscopeUrl}/?${query}`
}

/** On the left the same work in the hour before, on the right the span. */
function baselineQuery(profile: ProfileOfSpan, labels: ReadonlyMap<string, string>): string {
  const from = nanos(profile.startTimeMillis - HOUR_MILLIS)
  const until = nanos(profile.endTimeMillis)
  const baseline = selector(profile.appName, labels)
  const query = new URLSearchParams({
    from,
    leftFrom: from,
    leftQuery: baseline,
    leftUntil: until,
    query: baseline,
    rightFrom: nanos(profile.startTimeMillis),
    rightQuery: spanSelector(profile),
    rightUntil: until,
    until,
  })
  return query.toString()
}

function spanSelector({ appName, spanId }: ProfileOfSpan): string {
  return selector(appName, new Map([['profile_id', spanId]]))
}

function selector(appName: string, labels: ReadonlyMap<string, string>): string {
  const pairs = [...labels].sort(([a], [b]) => (a < b ? -1 : 1))
  const quoted = pairs.map(([key, value]) => `${key}="${value.replace(/[\\"]/g, '\\$&')}"`)
  return `${appName}.cpu{${quoted.join(',')}}`
}

function nanos(millis: number): string {
  return `${millis}000000`
}
