import type { Frame } from '../sample.js'

/** What spanprof itself cost stands under this one frame, at the root: never on the app's stacks. */
export const OWN_FRAME: Frame = { functionName: '(spanprof)', url: '', line: 0, column: 0 }

/** Everything of the package lies in one folder; this file is one level below it. */
const PACKAGE_URL = new URL('..', import.meta.url).href

/** Node's own code that only runs below our frames because we called it: contexts and the clock. */
const CALLED_BY_US = /^node:(internal\/)?(async_|process\/per_thread|inspector)/

/** Whether a frame is spanprof's: its files, or its scripts that the inspector evaluates. */
export function isOwnFrame({ url }: Frame): boolean {
  return url.startsWith(PACKAGE_URL) || url.startsWith('spanprof:')
}

/** Whether a frame directly or indirectly called by spanprof is part of spanprof's own cost. */
export function isCalledByUs({ url }: Frame): boolean {
  return CALLED_BY_US.test(url)
}
