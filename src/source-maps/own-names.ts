import { wordsAt } from './code-words.js'
import type { NamedColumn, Place, Traced } from './map-lookup.js'
import type { IndexedText } from './map-texts.js'

/** A place in compiled code, with V8's name for what begins there. */
export interface AskedPlace extends Place {
  readonly functionName: string
}

/** `get total`, `Cart.#sum`: what stands before the identifier, and that itself. */
const NAME = /^((?:[gs]et )?)(?:.*\.)?([^.]*)$/s

/**
 * Which of the names before a function are its own. A map gives original names to identifiers, V8 a
 * place behind a function's own: at its first parenthesis or parameter. So it is the name that stands
 * where the code says what V8 says. Of a method, terser names the parenthesis.
 */
export function ownNames<Asked extends AskedPlace>(
  traced: ReadonlyMap<Asked, Traced>,
  code: Buffer,
): Map<Asked, IndexedText> {
  const named = [...traced].filter(([{ functionName }]) => functionName !== '')
  const words = wordsAt(
    code,
    named.flatMap(([, { names }]) => names),
  )
  const own = new Map<Asked, IndexedText>()
  for (const [place, { section, names }] of named) {
    const identifier = NAME.exec(place.functionName)?.[2]
    const name = names.findLast((candidate) => {
      const word = words.get(candidate)
      return word === identifier || (word === '(' && isAt(candidate, place))
    })
    if (name !== undefined) own.set(place, { section, index: name.name })
  }
  return own
}

/** An original name as V8 would have it: it tells accessors, and private methods have their sign. */
export function inFull(name: string, { functionName }: AskedPlace): string {
  const [, accessor = '', identifier = ''] = NAME.exec(functionName) ?? []
  const sign = identifier.startsWith('#') && !name.startsWith('#') ? '#' : ''
  return `${accessor}${sign}${name}`
}

function isAt({ line, column }: NamedColumn, place: Place): boolean {
  return line === place.line && column === place.column
}
