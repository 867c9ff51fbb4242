/**
 * The `mappings` of a source map
 * (https://tc39.es/ecma426/2024/#sec-mappings): lines end with `;`, segments with `,`; a segment is
 * one, four or five numbers as Base64 VLQ, each relative to the one of its kind before it.
 */

/** Hears segments in the order of the compiled code; all numbers from 0, and -1 for none. */
export interface SegmentListener {
  /** @returns whether it wants to hear more. */
  segment(
    line: number,
    column: number,
    source: number,
    sourceLine: number,
    sourceColumn: number,
    name: number,
  ): boolean
}

/** After so many bytes, some 10 ms of work, others get their turn. */
const TURN_BYTES = 1 << 20

const SEMICOLON = 0x3b
const COMMA = 0x2c
const DIGITS = new Int8Array(256).fill(-1)
for (const [value, char] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  DIGITS[char.charCodeAt(0)] = value
}

/**
 * Reads mappings from end to end and keeps nothing. A decoded map is an array per segment: five times
 * the size of a large map, and more heap than the sampler thread may have (10 MB: 52 MB, 30 MB: it
 * dies). Reading it costs 3 ms per MB of map.
 *
 * @param line where the mappings begin.
 * @param column likewise, on that line.
 * @throws {SyntaxError} for what are no mappings.
 */
export function* readMappings(
  bytes: Buffer,
  listener: SegmentListener,
  line = 0,
  column = 0,
): Generator<void, void> {
  let [source, sourceLine, sourceColumn, name] = [0, 0, 0, 0]
  let [field, value, shift] = [0, 0, 0]
  let turn = TURN_BYTES
  for (let at = 0; at <= bytes.length; at++) {
    const byte = at < bytes.length ? (bytes[at] as number) : SEMICOLON
    if (byte === COMMA || byte === SEMICOLON) {
      if (shift > 0 || (field !== 0 && field !== 1 && field < 4)) throw notMappings(at)
      if (field > 0) {
        // By the specification a place below 0 is none; the rest of the map may be right.
        const mapped = field >= 4 && (source | sourceLine | sourceColumn) >= 0
        const goOn = listener.segment(
          line,
          column,
          mapped ? source : -1,
          mapped ? sourceLine : -1,
          mapped ? sourceColumn : -1,
          mapped && field === 5 ? name : -1,
        )
        if (!goOn) return
      }
      field = 0
      if (byte === SEMICOLON) {
        line++
        column = 0
      }
      if (at > turn) {
        turn = at + TURN_BYTES
        yield
      }
      continue
    }
    const digit = DIGITS[byte] as number
    if (digit < 0 || shift > 30) throw notMappings(at)
    value |= (digit & 31) << shift
    if (digit & 32) {
      shift += 5
      continue
    }
    const delta = value & 1 ? -(value >>> 1) : value >>> 1
    value = 0
    shift = 0
    switch (field++) {
      case 0:
        column += delta
        break
      case 1:
        source += delta
        break
      case 2:
        sourceLine += delta
        break
      case 3:
        sourceColumn += delta
        break
      case 4:
        name += delta
        break
      default:
        throw notMappings(at)
    }
  }
}

function notMappings(at: number): SyntaxError {
  return new SyntaxError(`no mappings at byte ${at}`)
}
