// Places where a program runs code. Each burns CPU in a function of its own, `at_<index>`, and records the
// span that is active there, read from the library under test.
import { cpuBurner } from './burn.mjs'

/** CPU time of a place, in milliseconds: for some samples at 1 kHz. */
const BURN_MILLIS = 5

/**
 * @param activeSpan returns the span that the library's public API has as active, if any
 * @returns `burn(name)`, to be called at each place, and the `places` so far
 */
export function notedPlaces(activeSpan) {
  const places = []

  /** @param marks further facts about the place */
  function burn(name, marks = {}) {
    const { spanId, isRemote = false, traceFlags = 1 } = activeSpan()?.spanContext() ?? {}
    const isSampled = (traceFlags & 1) === 1
    const index = places.push({ name, spanId, isRemote, isSampled, ...marks }) - 1
    cpuBurner(`at_${index}`)(BURN_MILLIS)
    const after = activeSpan()?.spanContext().spanId
    if (after !== spanId) throw new Error(`${name} began in ${spanId} and ended in ${after}`)
  }
  return { places, burn }
}

/**
 * Takes each step outside of all spans, then in the spans of two requests at once.
 *
 * @param steps by name; each gets a name for its spans and places
 * @param inSpan runs a function in a span of the given name that lasts as long as it does
 * @param inOtherSpan does the same by another API, if the library has one
 */
export async function walk(steps, { burn, inSpan, inOtherSpan = inSpan }) {
  async function takeAll(request) {
    for (const [step, take] of Object.entries(steps)) {
      await take(`${step} of ${request}`)
      burn(`${request}, after ${step}`)
    }
  }
  burn('before all')
  await takeAll('nothing')
  await Promise.all(
    [inSpan, inOtherSpan].map((inside, i) => inside(`request ${i}`, () => takeAll(`request ${i}`))),
  )
  burn('after all')
}
