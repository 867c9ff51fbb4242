import type { HeapOptions } from '../options/heap-options.js'
import type { ProfileSettings } from '../options/profiler-options.js'
import type { PullSettings } from '../pull/answer.js'
import { lastConfig } from './configured.js'
import { log } from './logger.js'

/** For pulls what `init` has set holds, as far as it is about a profile. */
export const settings: PullSettings = { options, heap, log }

function options(): ReturnType<PullSettings['options']> {
  const config = lastConfig()
  if (config === undefined) return {}
  const { appName, tags, wall, stripFilenames, shortenPaths } = config
  const { samplingIntervalMicros } = wall
  const known = { appName, tags, samplingIntervalMicros, stripFilenames, shortenPaths }
  return known as ProfileSettings // Where it has undefined, nothing is given.
}

function heap(): ReturnType<PullSettings['heap']> {
  return (lastConfig()?.heap ?? {}) as HeapOptions // Likewise.
}
