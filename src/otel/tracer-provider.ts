import type { Context, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api'
import { SpanprofError } from '../errors.js'
import { delegating } from './delegating.js'
import { resolveSpanProfilesOptions, type SpanProfilesOptions } from './options.js'
import { SpanProfiles } from './span-profiles.js'

/**
 * A tracer provider that is the given one in everything, and whose spans label the samples taken in
 * them. Register it in the other's place, by its `register()` or `setGlobalTracerProvider`. Also
 * labels samples of unsampled spans with their name, which a `SpanProfilesProcessor` never hears of.
 *
 * Beside a `SpanProfilesProcessor` nothing is doubled; the options of whichever meets a span first
 * hold, which is the processor.
 *
 * @throws {SpanprofError} `ERR_INVALID_PROVIDER` where `provider` is none, or the API's no-op one;
 *   `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`
 * @example
 * wrapTracerProvider(new NodeTracerProvider()).register()
 */
export function wrapTracerProvider<Provider extends TracerProvider>(
  provider: Provider,
  options?: SpanProfilesOptions,
): Provider {
  assertTracerProvider(provider)
  const profiles = new SpanProfiles(resolveSpanProfilesOptions(options))
  const wrapped: RegisteringProvider = delegating<RegisteringProvider>(provider, {
    getTracer: (...args) => labellingTracer(provider.getTracer(...args), profiles),
    // It registers `this`, which has to be the wrapped one.
    ...(isRegistering(provider) && {
      register: (...args) => Reflect.apply(provider.register, wrapped, args),
    }),
  })
  return wrapped as Provider
}

/** As the SDK's `NodeTracerProvider` does. */
interface RegisteringProvider extends TracerProvider {
  register?(...args: unknown[]): unknown
}

function isRegistering(provider: TracerProvider): provider is Required<RegisteringProvider> {
  return typeof (provider as RegisteringProvider).register === 'function'
}

function assertTracerProvider(provider: unknown): void {
  if (typeof (provider as Partial<TracerProvider> | undefined)?.getTracer !== 'function') {
    const received = provider === null ? 'null' : typeof provider
    throw new SpanprofError(
      'ERR_INVALID_PROVIDER',
      `a tracer provider has a method getTracer, this is ${received === 'object' ? 'an object without one' : received}; pass the SDK's, such as new NodeTracerProvider()`,
    )
  }
  if (isNoop(delegateOf(provider as TracerProvider))) {
    throw new SpanprofError(
      'ERR_INVALID_PROVIDER',
      "this is OpenTelemetry's no-op provider, or stands for it until an SDK is registered; pass the SDK's, such as new NodeTracerProvider()",
    )
  }
}

/** What stands for another provider leads to it; registered as its own delegate, it would lead to itself. */
function delegateOf(provider: TracerProvider): TracerProvider {
  return isProxy(provider) ? provider.getDelegate() : provider
}

/** What the API registers in its global place: it stands for a provider that is set afterwards. */
export interface ProviderProxy extends TracerProvider {
  getDelegate(): TracerProvider
  setDelegate(provider: TracerProvider): void
}

export function isProxy(provider: TracerProvider): provider is ProviderProxy {
  const { getDelegate, setDelegate } = provider as Partial<ProviderProxy>
  return typeof getDelegate === 'function' && typeof setDelegate === 'function'
}

/** The API does not export the class. */
export function isNoop(provider: TracerProvider): boolean {
  return provider.constructor?.name === 'NoopTracerProvider'
}

export function labellingTracer(tracer: Tracer, profiles: SpanProfiles): Tracer {
  return delegating<Tracer>(tracer, {
    startSpan: labellingStartSpan(tracer.startSpan.bind(tracer), profiles),
    startActiveSpan: (...args: unknown[]) => {
      const fn = args.pop()
      if (typeof fn !== 'function')
        return Reflect.apply(tracer.startActiveSpan, tracer, [...args, fn])
      const [name, options, context] = args as [string, SpanOptions?, Context?]
      const parent = parentContext(profiles, options, context)
      const labelled = (span: Span, ...more: unknown[]) => {
        profiles.startedActive(span, name, parent)
        return fn(span, ...more)
      }
      return profiles.startingActive(() =>
        Reflect.apply(tracer.startActiveSpan, tracer, [...args, labelled]),
      )
    },
  })
}

export function labellingStartSpan(
  original: Tracer['startSpan'],
  profiles: SpanProfiles,
): Tracer['startSpan'] {
  return function (this: Tracer, name, options, context) {
    const parent = parentContext(profiles, options, context)
    const span = original.call(this, name, options, context)
    profiles.started(span, name, parent)
    return span
  }
}

/** As the SDK takes it, from the context in force where none is given. */
function parentContext(
  profiles: SpanProfiles,
  options: SpanOptions | undefined,
  context: Context | undefined,
): Context | undefined {
  return options?.root ? undefined : (context ?? profiles.active)
}
