/** A text without what must not be seen. */
export type Redact = (text: string, options?: { readonly isCut?: boolean }) => string

/**
 * Takes secrets out of texts that others wrote: a server may send back what it was sent, and an error
 * may quote it. Each of their characters may be written as in JSON or in a URL. At the end of a text
 * that is cut, the beginning of a secret is taken out as well.
 */
export function redactor(secrets: readonly string[]): Redact {
  // The longest first, as one may hold another.
  const forms = [...new Set(secrets)].sort((a, b) => b.length - a.length).map(formOf)
  return (text, { isCut = false } = {}) => {
    const whole = isCut ? text.replace(HALF_ESCAPE, '') : text
    let redacted = ''
    for (let at = 0; at < whole.length; ) {
      const matches = forms.map((form) => match(whole, at, form))
      const end = matches.find(({ isSecret }) => isSecret)?.end
      if (end === undefined && isCut && matches.some((each) => each.end === whole.length)) break
      redacted += end === undefined ? whole[at] : '***'
      at = end ?? at + 1
    }
    return redacted
  }
}

const HALF_ESCAPE = /(%[\da-f]?|\\(u[\da-f]{0,3})?)$/i

/** For each character, the ways to write it. */
type Form = readonly RegExp[]

function formOf(secret: string): Form {
  return [...secret].map((character) => {
    const bytes = [...Buffer.from(character)].map((byte) => `%${hex(byte, 2)}`).join('')
    const units = character.split('').map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    const short = JSON.stringify(character).slice(1, -1)
    const ways = [bytes, units.join(''), short, `\\${character}`, character]
    if (character === ' ') ways.push('+')
    return new RegExp(ways.map(escaped).join('|'), 'iy')
  })
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** How far a text is a secret from there on. */
function match(text: string, start: number, form: Form): { end: number; isSecret: boolean } {
  let end = start
  for (const character of form) {
    character.lastIndex = end
    if (!character.test(text)) return { end, isSecret: false }
    end = character.lastIndex
  }
  return { end, isSecret: true }
}
