import type { Transport } from './transport.js'
import type { V8Profile } from './v8-profile.js'

/**
 * V8 keeps every title until its profiler dies, so there are just two, used in turn. They also tell
 * our profiles from those that the app may start with `console.profile()`.
 */
export type Title = 'spanprof-a' | 'spanprof-b'

/** What a command cost the profiled thread. */
export interface Pause {
  readonly pauseMicros: number
}

interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
}

/**
 * V8's console profiles. Those of one connection share one V8 profiler, which goes on while at least
 * one of them runs; `Profiler.start` would walk all compiled code anew each time (70-116 ms on a
 * large app).
 */
export class ConsoleProfiles {
  readonly #transport: Transport
  #finished: { title: Title; profile: V8Profile } | undefined

  constructor(transport: Transport) {
    this.#transport = transport
    transport.on('Profiler.consoleProfileFinished', (params) => {
      const { title, profile } = params as { title?: string; profile: V8Profile }
      if (title !== 'spanprof-a' && title !== 'spanprof-b') return
      this.#finished = { title, profile: onHrtimesClock(profile) }
    })
  }

  async enable(samplingIntervalMicros: number): Promise<void> {
    await this.#transport.send('Profiler.enable')
    await this.#transport.send('Profiler.setSamplingInterval', { interval: samplingIntervalMicros })
  }

  /** Stops and forgets every profile. */
  async disable(): Promise<void> {
    await this.#transport.send('Profiler.disable')
  }

  async begin(title: Title): Promise<Pause> {
    return this.#timed(BEGIN[title])
  }

  /** @throws when V8 ends the profile without handing it over. */
  async end(title: Title): Promise<Pause & { profile: V8Profile }> {
    this.#finished = undefined
    const pause = await this.#timed(END[title])
    // V8 sends the event while the command runs, so it is here before the command's answer.
    const finished = this.#finished as { title: Title; profile: V8Profile } | undefined
    this.#finished = undefined
    if (finished?.title !== title) throw new Error(`V8 gave no profile for ${title}`)
    return { ...pause, profile: finished.profile }
  }

  async #timed(expression: string): Promise<Pause> {
    const { result, exceptionDetails } = (await this.#transport.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      silent: true,
    })) as Evaluated
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? 'evaluation failed')
    }
    return { pauseMicros: typeof result.value === 'number' ? result.value : 0 }
  }
}

/**
 * V8 reads the clock of `process.hrtime()`, cuts the time down to whole microseconds and then adds
 * one, so that no time is 0 (`TimeTicks::Now`,
 * https://github.com/v8/v8/blob/13.6.233/src/base/platform/time.cc).
 */
const AHEAD_MICROS = 1

/**
 * From here on a sample's time is the microsecond it was taken in. Left ahead, samples from right
 * before a switch of labels would seem to come after it: one in 50 in code that switches every few
 * microseconds.
 */
function onHrtimesClock(profile: V8Profile): V8Profile {
  const { startTime, endTime } = profile
  return { ...profile, startTime: startTime - AHEAD_MICROS, endTime: endTime - AHEAD_MICROS }
}

/**
 * The inspector's own console is there whatever the app has made of the global one. The sources are
 * constant: V8 would keep one compiled script per distinct text.
 */
const timed = (call: string) => `{
  const before = process.hrtime()
  process.getBuiltinModule('inspector').console.${call}
  const [seconds, nanos] = process.hrtime(before)
  seconds * 1e6 + nanos / 1e3
}
//# sourceURL=spanprof:window`

const BEGIN: Record<Title, string> = {
  'spanprof-a': timed(`profile('spanprof-a')`),
  'spanprof-b': timed(`profile('spanprof-b')`),
}
const END: Record<Title, string> = {
  'spanprof-a': timed(`profileEnd('spanprof-a')`),
  'spanprof-b': timed(`profileEnd('spanprof-b')`),
}
