import { merge } from '../labels/label-set.js'
import type {
  LabelPairs,
  OpenLabels,
  RecordedType,
  StackNode,
  Suspension,
  Window,
} from '../sample.js'
import { Interned } from './interned.js'
import { dealLines } from './line-ticks.js'
import { isCalledByUs, isOwnFrame, OWN_FRAME } from './own-frames.js'
import type { Profile } from './profile.js'
import { CPU, WALL } from './profile-type.js'
import { SampleTable } from './sample-table.js'
import { NO_PARENT, StackTable } from './stack-table.js'
import { markTruncatedStacks } from './truncated-stacks.js'
import { wallNanosOfSamples } from './wall-time.js'

/** A window's samples with all that is known of them. */
export interface LabelledWindow extends Window {
  /** Nanoseconds of each sample, by index. */
  readonly cpuNanosOfSample: readonly number[]
  /** By index: the thread waited within a call, or for a CPU. */
  readonly waitingOfSample: readonly boolean[]
  readonly suspensions: readonly Suspension[]
  /** The labels of each sample, by index; `undefined` for none. */
  readonly labelsOfSample: readonly (OpenLabels | undefined)[]
}

/** What a recording is made for. */
export interface RecordingOptions {
  readonly type: RecordedType
  readonly appName: string
  readonly tags: LabelPairs
  readonly samplingIntervalMicros: number
}

const NO_LABELS: OpenLabels = { own: undefined, carried: undefined }
const TYPES = { cpu: CPU, wall: WALL }

/** Folds the windows of a stretch of time by stack and label set into one profile. */
export class Recording {
  readonly options: RecordingOptions
  readonly #startMicros: number
  readonly #startTimeMillis: number
  readonly #stacks = new StackTable()
  /** By identity, as those that are equal now may become different. */
  readonly #labelSets = new Map<OpenLabels, number>()
  readonly #samples = new SampleTable()
  #endMicros: number
  /** Up to where the samples of a wall profile stand for the time. */
  #wallMicros: number

  /** @param startMicros samples from here on are taken. */
  constructor(options: RecordingOptions, startMicros: number, startTimeMillis: number) {
    this.options = options
    this.#startMicros = startMicros
    this.#endMicros = startMicros
    this.#wallMicros = startMicros
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
    return this.#samples.samples.length
  }

  add(window: LabelledWindow): void {
    this.#endMicros = window.endMicros
    const callers = new Callers(window.stacks, this.#stacks)
    const valuesOf = this.#valuesOfSample(window)
    for (const [stack, indexes] of this.#samplesByStack(window)) {
      const byLabels = indexes
        .map((index) => ({ index, labelSet: this.#labelSetOf(window, index) }))
        .sort((a, b) => a.labelSet - b.labelSet)
      const lines = dealLines(window.stacks[stack]?.lineTicks ?? [], byLabels.length)
      byLabels.forEach(({ index, labelSet }, i) => {
        const innermost = callers.innermost(stack, lines[i] ?? 0)
        this.#samples.add({ stack: innermost, labelSet, values: valuesOf(index) })
      })
    }
  }

  /** Labels are those of now, whatever they were when their samples came. */
  finish(): Profile {
    const labelSets = new Interned<LabelPairs>((pairs) => JSON.stringify(pairs))
    const samples = new SampleTable()
    const finalLabelSet = [...this.#labelSets.keys()].map(({ own, carried }) =>
      labelSets.indexOf(merge(own?.pairs ?? [], carried?.pairs ?? []).pairs),
    )
    for (const { stack, labelSet, values } of this.#samples.samples) {
      samples.add({ stack, labelSet: finalLabelSet[labelSet] as number, values })
    }
    const { appName, tags, type, samplingIntervalMicros } = this.options
    return markTruncatedStacks({
      type: TYPES[type],
      appName,
      tags,
      period: samplingIntervalMicros * 1000,
      startTimeMillis: this.#startTimeMillis,
      durationNanos: (this.#endMicros - this.#startMicros) * 1000,
      locations: this.#stacks.locations,
      stacks: this.#stacks.stacks,
      labelSets: labelSets.items,
      samples: samples.samples,
    })
  }

  #samplesByStack(window: LabelledWindow): Map<number, number[]> {
    const byStack = new Map<number, number[]>()
    window.samples.forEach(({ idle, timeMicros, stack }, index) => {
      if (timeMicros < this.#startMicros) return
      const usedNothing = idle || window.cpuNanosOfSample[index] === 0
      if (usedNothing && this.options.type === 'cpu') return
      const known = byStack.get(stack)
      if (known) known.push(index)
      else byStack.set(stack, [index])
    })
    return byStack
  }

  /** In a CPU profile a wait has the CPU time that it used, and is not counted. */
  #valuesOfSample(window: LabelledWindow): (index: number) => readonly [number, number] {
    const { cpuNanosOfSample, waitingOfSample, suspensions } = window
    if (this.options.type === 'cpu') {
      return (index) => [waitingOfSample[index] ? 0 : 1, cpuNanosOfSample[index] ?? 0]
    }
    const nanos = wallNanosOfSamples(window, suspensions, this.#wallMicros)
    if (nanos.length > 0) this.#wallMicros = window.endMicros
    return (index) => [1, nanos[index] ?? 0]
  }

  /** A thread that waits works for nobody, whichever labels were in force last. */
  #labelSetOf({ samples, labelsOfSample }: LabelledWindow, index: number): number {
    const labels = samples[index]?.idle ? NO_LABELS : labelsOfSample[index]
    return this.#indexOf(labels ?? NO_LABELS)
  }

  #indexOf(labels: OpenLabels): number {
    const index = this.#labelSets.get(labels) ?? this.#labelSets.size
    this.#labelSets.set(labels, index)
    return index
  }
}

/** Brings a window's stacks into a recording's table, each node once. */
class Callers {
  readonly #stacks: readonly StackNode[]
  readonly #table: StackTable
  readonly #known = new Map<number, number>()

  constructor(stacks: readonly StackNode[], table: StackTable) {
    this.#stacks = stacks
    this.#table = table
  }

  /** The stack of a sample that ran `line` of its innermost frame. */
  innermost(stack: number, line: number): number {
    if (this.#isOurs(stack)) return this.#table.push(OWN_FRAME, 0, NO_PARENT)
    const { frame, parent } = this.#stacks[stack] as StackNode
    return this.#table.push(frame, line || frame.line, this.#caller(parent))
  }

  /** V8 does not give a caller's line, so it is where the function starts. */
  #caller(stack: number): number {
    if (stack === NO_PARENT) return NO_PARENT
    const known = this.#known.get(stack)
    if (known !== undefined) return known
    const { frame, parent } = this.#stacks[stack] as StackNode
    const caller = this.#caller(parent)
    // Our frames between those of the app (`withLabels` around its function) are left out.
    const index = this.#isOurs(stack) ? caller : this.#table.push(frame, frame.line, caller)
    this.#known.set(stack, index)
    return index
  }

  /** Our frames, and those of Node that are there only because ours called them. */
  #isOurs(stack: number): boolean {
    if (stack === NO_PARENT) return false
    const { frame, parent } = this.#stacks[stack] as StackNode
    return isOwnFrame(frame) || (isCalledByUs(frame) && this.#isOurs(parent))
  }
}
