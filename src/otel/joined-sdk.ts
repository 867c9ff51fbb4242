import type { TracerProvider } from '@opentelemetry/api'
import { ownerOf, wrapMethod } from '../labels/wrapped-method.js'
import { API_KEY, type GlobalApi } from './global-api.js'
import { resolveSpanProfilesOptions, type SpanProfilesOptions } from './options.js'
import { SpanProfiles } from './span-profiles.js'
import {
  isNoop,
  isProxy,
  labellingStartSpan,
  labellingTracer,
  type ProviderProxy,
} from './tracer-provider.js'

/**
 * Labels the spans of whatever OpenTelemetry SDK is registered in this process, now or later, without a
 * line of the app's.
 *
 * @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`
 */
export function joinSdk(options?: SpanProfilesOptions): void {
  const profiles = new SpanProfiles(resolveSpanProfilesOptions(options))
  const joined = new WeakSet<object>()
  whenTracingIsRegistered((provider) => {
    whenDelegateIsSet(provider, (delegate) => joinProvider(delegate, profiles, joined))
  })
}

/** Calls back with the provider in the global API's place, or as soon as there is one. */
function whenTracingIsRegistered(registered: (provider: TracerProvider) => void): void {
  whenSet(globalThis as { [API_KEY]?: GlobalApi }, API_KEY, (api) => {
    whenSet(api as { trace?: TracerProvider }, 'trace', registered)
  })
}

/** Calls back with a property's value, or with the first it gets; then it is a plain property again. */
function whenSet<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  found: (value: NonNullable<T[Name]>) => void,
): void {
  const value = object[name]
  if (value !== undefined && value !== null) {
    found(value)
    return
  }
  const plain = { configurable: true, enumerable: true }
  Object.defineProperty(object, name, {
    ...plain,
    get: () => undefined,
    set(first: NonNullable<T[Name]>) {
      Object.defineProperty(object, name, { ...plain, writable: true, value: first })
      found(first)
    },
  })
}

/** Calls back with the provider that a proxy stands for, now and whenever it gets another. */
function whenDelegateIsSet(
  provider: TracerProvider,
  found: (provider: TracerProvider) => void,
): void {
  if (!isProxy(provider)) {
    found(provider)
    return
  }
  found(provider.getDelegate())
  wrapMethod(provider, 'setDelegate', (original) => {
    function setDelegate(this: ProviderProxy, delegate: TracerProvider): void {
      original.call(this, delegate)
      found(delegate)
    }
    return setDelegate
  })
}

/**
 * Wraps `startSpan` where the provider's tracers have it from, their class as a rule: tracers may have
 * been handed out long ago.
 */
function joinProvider(
  provider: TracerProvider,
  profiles: SpanProfiles,
  joined: WeakSet<object>,
): void {
  if (isNoop(provider)) return
  profiles.prepare()
  const tracer = provider.getTracer('spanprof')
  const owner = ownerOf(tracer, 'startSpan')
  if (owner === undefined || owner === tracer) {
    wrapMethod(provider, 'getTracer', (original) => {
      return (...args) => labellingTracer(original.apply(provider, args), profiles)
    })
  } else if (!joined.has(owner)) {
    joined.add(owner)
    wrapMethod(owner, 'startSpan', (original) => labellingStartSpan(original, profiles))
  }
}
