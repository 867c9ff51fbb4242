/** Figures as text with their unit; a dash where there is none. */
const shown = (unit, digits) => (value) =>
  Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '–'

export const millis = shown(' ms', 2)
export const micros = shown(' µs', 1)
export const megabytes = shown(' MB', 1)
export const megabytesPerMinute = shown(' MB/min', 2)
export const mebibytes = (bytes) => shown(' MiB', 1)(bytes / 2 ** 20)
export const kilobytes = shown(' kB', 1)
export const times = shown(' ×', 3)
export const count = shown('', 0)

/** Of a share from 0 to 1. */
export const percent = (share) => shown(' %', 2)(share * 100)
export const finePercent = (share) => shown(' %', 3)(share * 100)
