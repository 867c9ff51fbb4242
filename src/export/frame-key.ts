import type { Frame } from '../sample.js'

/** A text that equal frames share, and no others. Sorts by name first, then by place. */
export function frameKey({ functionName, url, line, column, fileStripped = false }: Frame): string {
  return `${functionName}\n${url}\n${line}:${column}:${fileStripped}`
}
