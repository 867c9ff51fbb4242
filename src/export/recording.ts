import type { Frame, LabelPairs, LateText, OpenLabelPairs, StackNode, Window } from '../sample.js'
import { dealLines } from './line-ticks.js'
import { isCalledByUs, isOwnFrame, OWN_FRAME } from './own-frames.js'
import type { FoldedSample, Location, Profile, ProfileStack } from './profile.js'

/** A window's samples with all that is known of them. */
export interface LabelledWindow extends Window {
  /** Nanoseconds of each sample, by index. */
  readonly cpuNanosOfSample: readonly number[]
  /** The labels of each sample, by index; `undefined` for none. */
  readonly labelsOfSample: readonly (OpenLabelPairs | undefined)[]
}

/** What a recording is made for. */
export interface RecordingOptions {
  readonly appName: string
  readonly tags: LabelPairs
  readonly samplingIntervalMicros: number
}

const NO_LABELS: OpenLabelPairs = []
const NO_PARENT = -1

/** Folds the windows of a stretch of time by stack and label set into one profile. */
export class Recording {
  readonly #options: RecordingOptions
  readonly #startMicros: number
  readonly #startTimeMillis: number
  readonly #locations = new Interned<Location>(locationKey)
  readonly #stacks = new Interned<ProfileStack>(({ location, parent }) => `${parent},${location}`)
  readonly #lateTexts = new Map<LateText, number>()
  readonly #labelSets = new Interned<OpenLabelPairs>((pairs) => this.#labelSetKey(pairs))
  readonly #samples = new Interned<MutableSample>(sampleKey)
  #endMicros: number

  /** @param startMicros samples from here on are taken. */
  constructor(options: RecordingOptions, startMicros: number, startTimeMillis: number) {
    this.#options = options
    this.#startMicros = startMicros
    this.#endMicros = startMicros
    this.#startTimeMillis = startTimeMillis
  }

  /** From where on samples are taken. */
  get startMicros(): number {
    return this.#startMicros
  }

  /** Up to where samples have been added. */
  get endMicros(): number {
    return this.#endMicros
  }

  /** How many different stacks with label sets there are. */
  get size(): number {
    return this.#samples.items.length
  }

  add(window: LabelledWindow): void {
    this.#endMicros = window.endMicros
    const callers = new Callers(window.stacks, this.#locations, this.#stacks)
    for (const [stack, indexes] of this.#busySamplesByStack(window)) {
      const byLabels = indexes
        .map((index) => ({ index, labelSet: this.#labelSetOf(window, index) }))
        .sort((a, b) => a.labelSet - b.labelSet)
      const lines = dealLines(window.stacks[stack]?.lineTicks ?? [], byLabels.length)
      byLabels.forEach(({ index, labelSet }, i) => {
        const folded = { stack: callers.innermost(stack, lines[i] ?? 0), labelSet }
        addTo(this.#samples, folded, { count: 1, cpuNanos: window.cpuNanosOfSample[index] ?? 0 })
      })
    }
  }

  /** Late texts are taken as they are now, whatever they were when their samples came. */
  finish(): Profile {
    const labelSets = new Interned<LabelPairs>((pairs) => JSON.stringify(pairs))
    const samples = new Interned<MutableSample>(sampleKey)
    const finalLabelSet = this.#labelSets.items.map((pairs) =>
      labelSets.indexOf(pairs.map((value) => (typeof value === 'string' ? value : value.text))),
    )
    for (const { stack, labelSet, count, cpuNanos } of this.#samples.items) {
      const folded = { stack, labelSet: finalLabelSet[labelSet] as number }
      addTo(samples, folded, { count, cpuNanos })
    }
    return {
      ...this.#options,
      startTimeMillis: this.#startTimeMillis,
      durationNanos: (this.#endMicros - this.#startMicros) * 1000,
      locations: this.#locations.items,
      stacks: this.#stacks.items,
      labelSets: labelSets.items,
      samples: samples.items,
    }
  }

  #busySamplesByStack(window: LabelledWindow): Map<number, number[]> {
    const byStack = new Map<number, number[]>()
    window.samples.forEach(({ idle, timeMicros, stack }, index) => {
      if (idle || timeMicros < this.#startMicros) return
      const known = byStack.get(stack)
      if (known) known.push(index)
      else byStack.set(stack, [index])
    })
    return byStack
  }

  #labelSetOf(window: LabelledWindow, index: number): number {
    return this.#labelSets.indexOf(window.labelsOfSample[index] ?? NO_LABELS)
  }

  /** With an id in place of a late text, which stays the same text whatever it says. */
  #labelSetKey(pairs: OpenLabelPairs): string {
    return JSON.stringify(
      pairs.map((value) => (typeof value === 'string' ? value : this.#id(value))),
    )
  }

  #id(late: LateText): number {
    const id = this.#lateTexts.get(late) ?? this.#lateTexts.size
    this.#lateTexts.set(late, id)
    return id
  }
}

type MutableSample = { -readonly [key in keyof FoldedSample]: FoldedSample[key] }

function sampleKey({ stack, labelSet }: MutableSample): string {
  return `${stack},${labelSet}`
}

function addTo(
  samples: Interned<MutableSample>,
  { stack, labelSet }: Pick<FoldedSample, 'stack' | 'labelSet'>,
  { count, cpuNanos }: Pick<FoldedSample, 'count' | 'cpuNanos'>,
): void {
  const index = samples.indexOf({ stack, labelSet, count: 0, cpuNanos: 0 })
  const sample = samples.items[index] as MutableSample
  sample.count += count
  sample.cpuNanos += cpuNanos
}

/** Brings a window's stacks into a recording's tables, each node once. */
class Callers {
  readonly #stacks: readonly StackNode[]
  readonly #locations: Interned<Location>
  readonly #table: Interned<ProfileStack>
  readonly #known = new Map<number, number>()

  constructor(
    stacks: readonly StackNode[],
    locations: Interned<Location>,
    table: Interned<ProfileStack>,
  ) {
    this.#stacks = stacks
    this.#locations = locations
    this.#table = table
  }

  /** The stack of a sample that ran `line` of its innermost frame. */
  innermost(stack: number, line: number): number {
    if (this.#isOurs(stack)) return this.#push(OWN_FRAME, 0, NO_PARENT)
    const { frame, parent } = this.#stacks[stack] as StackNode
    return this.#push(frame, line || frame.line, this.#caller(parent))
  }

  /** V8 does not give a caller's line, so it is where the function starts. */
  #caller(stack: number): number {
    if (stack === NO_PARENT) return NO_PARENT
    const known = this.#known.get(stack)
    if (known !== undefined) return known
    const { frame, parent } = this.#stacks[stack] as StackNode
    const caller = this.#caller(parent)
    // Our frames between those of the app (`withLabels` around its function) are left out.
    const index = this.#isOurs(stack) ? caller : this.#push(frame, frame.line, caller)
    this.#known.set(stack, index)
    return index
  }

  /** Our frames, and those of Node that are there only because ours called them. */
  #isOurs(stack: number): boolean {
    if (stack === NO_PARENT) return false
    const { frame, parent } = this.#stacks[stack] as StackNode
    return isOwnFrame(frame) || (isCalledByUs(frame) && this.#isOurs(parent))
  }

  #push(frame: Frame, line: number, parent: number): number {
    return this.#table.indexOf({ location: this.#locations.indexOf({ frame, line }), parent })
  }
}

/** A table in which equal items stand once. */
class Interned<T> {
  readonly items: T[] = []
  readonly #indexes = new Map<string, number>()
  readonly #keyOf: (item: T) => string

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf
  }

  indexOf(item: T): number {
    const key = this.#keyOf(item)
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.items.push(item) - 1
    this.#indexes.set(key, index)
    return index
  }
}

function locationKey({ frame, line }: Location): string {
  return `${line}:${frame.line}:${frame.column}:${frame.functionName}\n${frame.url}`
}
