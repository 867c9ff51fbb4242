import type { Location } from '../export/profile.js'
import type { ShownLocation } from '../export/stripped-files.js'
import type { Frame } from '../sample.js'
import type { AskedPlace } from './own-names.js'
import type { Original } from './source-map.js'

/** What a map has told of a file. */
export interface Originals {
  /** The map's only source, where it has just one. */
  readonly onlySource: string | undefined
  get(place: AskedPlace): Original | undefined
}

/** V8 counts from 1 here, source maps from 0. */
export function functionPlace({ functionName, line, column }: Frame): AskedPlace {
  return { line: line - 1, column: column - 1, functionName }
}

/** V8 gives the lines that ran, and no columns: what comes first on the line stands for it. */
export function linePlace(line: number): AskedPlace {
  return { line: line - 1, column: undefined, functionName: '' }
}

/** What has to be asked for a location. */
export function placesOf({ frame, line }: Location): AskedPlace[] {
  return line === frame.line ? [functionPlace(frame)] : [functionPlace(frame), linePlace(line)]
}

/** A location in the sources; the compiled one where the map has nothing for it. */
export function sourceLocation(location: Location, originals: Originals): ShownLocation {
  const { frame, line } = location
  const at = line === frame.line ? undefined : originals.get(linePlace(line))
  const start = isTopLevel(frame) ? undefined : originals.get(functionPlace(frame))
  if (start === undefined) return inModule(location, at?.source ?? originals.onlySource, at)
  return {
    frame: {
      functionName: start.name ?? frame.functionName,
      url: start.source,
      line: start.line,
      column: start.column,
    },
    // A minifier or a bundler may have put another function's code there, or all on the first line.
    line: at?.source === start.source && at.line >= start.line ? at.line : start.line,
    compiledUrl: frame.url,
  }
}

/** The top level of a file, which a bundle's many modules share; so do functions a bundler adds. */
function inModule(
  location: Location,
  source: string | undefined,
  at: Original | undefined,
): ShownLocation {
  const { frame } = location
  if (source === undefined || (at === undefined && !isTopLevel(frame))) return location
  return {
    frame: { functionName: frame.functionName, url: source, line: 0, column: 0 },
    line: at?.line ?? 0,
    compiledUrl: frame.url,
  }
}

function isTopLevel({ functionName, line, column }: Frame): boolean {
  return functionName === '' && line <= 1 && column <= 1
}
