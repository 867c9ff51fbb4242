/**
 * Puts a wrapper in the place of a method that notes when it is called and for how long: the pause,
 * measured by nobody who has an interest in it.
 *
 * @returns the calls so far, `[{ startMillis, millis }]`, which grow.
 */
export function timedCalls(object, name) {
  const original = object[name]
  if (typeof original !== 'function') throw new Error(`there is no ${name} to be timed`)
  const calls = []
  object[name] = function timed(...args) {
    const startMillis = performance.now()
    try {
      return original.apply(this, args)
    } finally {
      calls.push({ startMillis, millis: performance.now() - startMillis })
    }
  }
  return calls
}
