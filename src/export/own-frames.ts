import type { Frame } from '../sample.js'

/** What spanprof itself cost stands under this one frame, at the root: never on the app's stacks. */
export const OWN_FRAME: Frame = { functionName: '(spanprof)', url: '', line: 0, column: 0 }

/** Everything of the package lies in one folder; this file is one level below it. */
const PACKAGE_URL = new URL('..', import.meta.url).href

/** Node's own code that only runs below our frames because we called it: contexts and the clock. */
const CALLED_BY_US = /^node:(internal\/)?(async_|process\/per_thread|inspector)/

/** What spanprof asks of OpenTelemetry: the context in force, its span, and an attribute of that. */
const ASKED_OF_OPENTELEMETRY = /^(self\.)?(active|getValue|spanContext|setAttribute)$/

/** Whether a frame is spanprof's: its files, or its scripts that the inspector evaluates. */
export function isOwnFrame({ url }: Frame): boolean {
  return url.startsWith(PACKAGE_URL) || url.startsWith('spanprof:')
}

/** Whether a frame, called by spanprof or by such a frame, is part of spanprof's own cost. */
export function isCalledByUs({ url, functionName }: Frame): boolean {
  if (CALLED_BY_US.test(url)) return true
  // The clock's native part has no URL, as code that the app has generated has none.
  if (url === '') return functionName === 'hrtime' || functionName === 'hrtimeBigInt'
  return url.includes('/@opentelemetry/') && ASKED_OF_OPENTELEMETRY.test(functionName)
}

/** A stack as it is shown, the outermost frame first in both: only the app's, or only spanprof's. */
export function withoutOwnFrames(frames: readonly Frame[]): readonly Frame[] {
  let isOurs = false
  const kept = frames.filter((frame) => {
    isOurs = isOwnFrame(frame) || (isOurs && isCalledByUs(frame))
    return !isOurs
  })
  return isOurs ? [OWN_FRAME] : kept
}
