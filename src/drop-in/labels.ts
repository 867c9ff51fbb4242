import { type Labels, sharedAgent } from '../labels/agent.js'
import { entries } from '../labels/label-set.js'

/**
 * Runs `fn` with `labels` over those in force, which all samples in it and in whatever it starts
 * asynchronously carry.
 *
 * @param labels a value that is neither a string nor a number is left out.
 * @returns what `fn` returns; what it throws passes through.
 */
export function wrapWithLabels<Args extends unknown[], T>(
  labels: Labels,
  fn: (...args: Args) => T,
  ...args: Args
): T
export function wrapWithLabels<T>(labels: Labels, fn: () => T, ...args: unknown[]): T
export function wrapWithLabels<T>(
  labels: Labels,
  fn: (...args: unknown[]) => T,
  ...args: unknown[]
): T {
  return sharedAgent().run(usable(labels), () => fn(...args))
}

/**
 * Puts `labels` in force in place of those before, for the rest of the current asynchronous context:
 * what it starts from here on has them too, and no concurrent request does.
 *
 * @param labels a value that is neither a string nor a number is left out.
 */
export function setLabels(labels: Labels): void {
  sharedAgent().enter(usable(labels))
}

/** The labels in force in the current asynchronous context. */
export function getLabels(): Record<string, string | number> {
  return Object.fromEntries(entries(sharedAgent().own?.pairs))
}

/** Code that was written for the other package may pass anything, and it went on. */
function usable(labels: Labels | null | undefined): Labels {
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.entries(labels).every(isUsable)
    ? labels
    : Object.fromEntries(Object.entries(labels).filter(isUsable))
}

function isUsable([key, value]: [string, unknown]): boolean {
  return key !== '' && (typeof value === 'string' || typeof value === 'number')
}
