// What all places share: the truth, marks, and the comparison of both with what the agent has recorded.
import { AsyncLocalStorage } from 'node:async_hooks'
import { writeSync } from 'node:fs'
import { withLabels } from 'spanprof'

/** What the label should be, by Node's own means. Made before anything that is probed. */
export const truth = new AsyncLocalStorage()

withLabels({}, () => {}) // Makes the agent.
const agent = globalThis[Symbol.for('spanprof.agent.1')]
agent.start()

const { bigint } = process.hrtime
const marks = []
const broken = []

/** Notes the truth here, and stays for ten microseconds, as code that is sampled would. */
export function mark(place) {
  const begin = bigint()
  // In the middle of them, and cut to whole microseconds as V8's times are.
  marks.push({ timeMicros: Math.floor(Number(begin) / 1000) + 5, truth: truth.getStore(), place })
  while (bigint() - begin < 10_000n);
}

/** Runs `fn` with a label, or without one, and with the same truth. */
export function scope(label, fn) {
  return truth.run(label, () => withLabels({ l: label ?? '' }, fn))
}

/** Resolves when the callback that `register` gets has been called. */
export function called(register) {
  return new Promise((resolve) => {
    register(resolve)
  })
}

/** A callback that marks its place, once. */
export const marked = (place, then) => () => {
  mark(place)
  then()
}

/** Walks each place in two scopes at once, and marks what comes right after its synchronous part. */
export async function walk(places) {
  for (const [place, visit] of Object.entries(places)) {
    const visits = ['x', 'y'].map((label) => {
      const visited = scope(label, async () => {
        mark(`${place}: at its begin`)
        await visit((detail) => mark(detail === undefined ? place : `${place}: ${detail}`), label)
        mark(`${place}: at its end`)
      })
      mark(`${place}: after it was started`)
      return visited
    })
    await Promise.race([Promise.all(visits), tooLong()]).catch((error) => {
      broken.push({ place, error: String(error?.stack ?? error) })
    })
  }
}

async function tooLong() {
  await new Promise((resolve) => setTimeout(resolve, 10_000).unref())
  throw new Error('did not end')
}

/** Other labels that come into force all the time, so that what is left over is somebody else's. */
export function noise() {
  const timers = ['noise 1', 'noise 2'].map((label) =>
    scope(label, () => setInterval(() => Promise.resolve().then(() => mark('noise')), 1)),
  )
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

/** Prints what differs, as a line of JSON. To be called last, as the process may be ending. */
export function report() {
  marks.sort((a, b) => a.timeMicros - b.timeMicros)
  const times = marks.map(({ timeMicros }) => timeMicros)
  const { labelsOfSample, combinations, changedSets } = agent.labelsAt(times, times.at(-1), 0)
  agent.stop()
  const sets = new Map(changedSets)
  const found = marks.map((each, i) => {
    if (labelsOfSample[i] === -2) return { ...each, label: 'lost' }
    return { ...each, label: sets.get(combinations[labelsOfSample[i]]?.[0])?.[1] }
  })
  const those = (differs) =>
    tally(found.filter(({ truth, label }) => truth !== label && differs(truth, label)))
  const result = {
    marks: marks.length,
    places: [...new Set(marks.map(({ place }) => place.split(':')[0]))],
    broken,
    wrong: those((truth, label) => truth !== undefined && label !== undefined),
    leaked: those((truth) => truth === undefined),
    missing: those((_, label) => label === undefined),
  }
  writeSync(1, JSON.stringify(result))
}

/** By place, with how often and an example. */
function tally(marks) {
  const tallied = {}
  for (const { place, truth, label } of marks) {
    tallied[place] ??= { count: 0, truth: String(truth), label: String(label) }
    tallied[place].count++
  }
  return tallied
}
