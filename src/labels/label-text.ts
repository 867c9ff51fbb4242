/** The longest key that Pyroscope takes, in bytes of UTF-8 (`validation.max-label-name-length`). */
export const MAX_KEY_BYTES = 1024
/** The longest value that Pyroscope takes, likewise (`validation.max-label-value-length`). */
export const MAX_VALUE_BYTES = 2048

/**
 * A text cut at a character's edge; the same text where it is short enough. Lone surrogates of a text
 * that is cut become U+FFFD, as there is no UTF-8 for them.
 */
export function cutToBytes(text: string, maxBytes: number): string {
  // No UTF-16 unit takes more than three bytes of UTF-8: nearly every text ends here.
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text.slice(0, maxBytes), 'utf8')
  if (text.length <= maxBytes && bytes.length <= maxBytes) return text
  let end = maxBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end-- // Inside a character.
  return bytes.toString('utf8', 0, end)
}

/** A text on one line that any tool can show: control characters and half characters replaced. */
export function cleaned(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').toWellFormed()
}
