import { inlineMap, mapFileOf, mapReference, mayBeInsideReference } from './map-reference.js'
import { readRegularFile } from './regular-file.js'
import { SourceMap } from './source-map.js'

/** Where a comment at the end of a file is looked for; most files have none. */
const TAIL_BYTES = 4096

const NOTHING = Buffer.alloc(0)

/** Compiled code with its source map. */
export interface CompiledFile {
  /** `undefined` where it is in no file. */
  readonly code: Buffer | undefined
  readonly map: SourceMap
}

/**
 * Reads a file and the map that its last comment names, or that lies beside it where it names none:
 * bundlers are told to leave the name out (`hidden-source-map`), so that no browser asks for the map.
 *
 * @returns `undefined` where there is none.
 * @throws where the map cannot be read or is none.
 */
export async function readCompiledFile(path: string): Promise<CompiledFile | undefined> {
  const tail = await readRegularFile(path, TAIL_BYTES).catch(() => NOTHING)
  const isWhole = tail.length < TAIL_BYTES
  if (mapReference(tail) === undefined && (isWhole || !mayBeInsideReference(tail))) {
    return readBeside(path)
  }
  const code = isWhole ? tail : await readRegularFile(path)
  const reference = mapReference(code)
  if (reference === undefined) return readBeside(path)
  const inline = inlineMap(reference)
  if (inline !== undefined) return { code, map: new SourceMap(inline, path) }
  const mapFile = mapFileOf(reference, path)
  return { code, map: new SourceMap(await readRegularFile(mapFile), mapFile) }
}

async function readBeside(path: string): Promise<CompiledFile | undefined> {
  const mapFile = `${path}.map`
  const bytes = await readRegularFile(mapFile).catch(() => undefined)
  if (bytes === undefined) return undefined
  return { code: await readRegularFile(path), map: new SourceMap(bytes, mapFile) }
}
