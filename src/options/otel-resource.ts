/**
 * An attribute that OpenTelemetry's environment gives this process: of `OTEL_RESOURCE_ATTRIBUTES`,
 * `key=value,key=value` with values percent-encoded.
 */
export function resourceAttribute(name: string): string | undefined {
  const pairs = (process.env.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',')
  const pair = pairs.map((text) => text.split('=')).find(([key]) => key?.trim() === name)
  try {
    return pair?.[1] && decodeURIComponent(pair[1].trim())
  } catch {
    return undefined // Half an escape; OpenTelemetry ignores the variable then.
  }
}
