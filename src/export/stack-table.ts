import type { Frame } from '../sample.js'
import { frameKey } from './frame-key.js'
import { Interned } from './interned.js'
import type { Location, ProfileStack } from './profile.js'

export const NO_PARENT = -1

/** The stacks of a profile, and the locations they are made of, each once. */
export class StackTable {
  readonly #locations = new Interned<Location>(locationKey)
  readonly #stacks = new Interned<ProfileStack>(({ location, parent }) => `${parent},${location}`)

  /** @returns the index of the stack in which `line` of `frame` was called by `parent`. */
  push(frame: Frame, line: number, parent: number): number {
    return this.#stacks.indexOf({ location: this.#locations.indexOf({ frame, line }), parent })
  }

  get locations(): readonly Location[] {
    return this.#locations.items
  }

  get stacks(): readonly ProfileStack[] {
    return this.#stacks.items
  }
}

function locationKey({ frame, line }: Location): string {
  return `${line}
${frameKey(frame)}`
}
