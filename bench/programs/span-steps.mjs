import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'
import { withLabels } from '../spanprof.mjs'
import { numbers } from './job-steps.mjs'
import { LeftBehind } from './left-behind.mjs'
import { randomBelow } from './random.mjs'

const MOST_REMEMBERED = 50

/** What the jobs of the span mix do besides: what only spans and OpenTelemetry's contexts can. */
export function spanSteps(jobs) {
  const { burn, run, outside } = jobs
  const leftBehind = new LeftBehind(burn)
  const earlier = []

  /** Work of all kinds in a span that is in force. */
  async function work(job) {
    burn(job)
    await null
    burn(job)
    await sleep(1)
    burn(job)
  }

  return [
    async function boundFunction(job) {
      leftBehind.leave(context.bind(context.active(), () => burn(job)))
      leftBehind.callOne(job)
    },
    async function boundEmitter(job) {
      const emitter = context.bind(context.active(), new EventEmitter())
      emitter.on('work', () => burn(job))
      leftBehind.leave(() => emitter.emit('work'))
      leftBehind.callOne(job)
    },
    async function nestedSynchronously(job) {
      run((child) => {
        burn(child)
        run(burn)
        burn(child)
      })
      burn(job)
    },
    async function madeActive(job) {
      const child = jobs.start()
      burn(job)
      const inChild = trace.setSpan(context.active(), child.span)
      context.with(inChild, burn, undefined, child)
      burn(job)
      await context.with(inChild, work, undefined, child)
      child.span.end()
      burn(job)
    },
    async function atOnce(job) {
      await Promise.all([run(work), run(work), run(work)])
      burn(job)
    },
    async function iterated(job) {
      await run(async (child) => {
        for await (const _ of numbers(() => burn(child))) burn(child)
      })
      burn(job)
    },
    async function endedWhileActive(job) {
      await run(async (child) => {
        burn(child)
        child.span.end()
        await work(child)
      }, anyParent())
      burn(job)
    },
    async function renamed(job) {
      await run(
        async (child) => {
          await work(child)
          jobs.rename(child)
          await work(child)
        },
        { name: 'POST', ...anyParent() },
      )
      burn(job)
    },
    async function renamedAtItsEnd(job) {
      await run(
        async (child) => {
          await work(child)
          jobs.rename(child)
        },
        { name: 'POST', ...anyParent() },
      )
      burn(job)
    },
    async function renamedTooLate(job) {
      await run(async (child) => {
        burn(child)
        child.span.end()
        child.span.updateName('too late')
        await work(child)
      }, anyParent())
      burn(job)
    },
    async function childOfAnother(job) {
      earlier.push(job)
      if (earlier.length > MOST_REMEMBERED) earlier.shift()
      const { span } = earlier[randomBelow(earlier.length)]
      await run(work, { parent: trace.setSpan(context.active(), span) })
      burn(job)
    },
    async function newRoot(job) {
      await run(work, { root: true })
      burn(job)
    },
    async function childOfRemote(job) {
      await run(work, { parent: trace.setSpanContext(context.active(), remoteSpanContext()) })
      burn(job)
    },
    async function outsideOfSpans(job) {
      context.with(ROOT_CONTEXT, burn, undefined, outside)
      burn(job)
      await context.with(ROOT_CONTEXT, work, undefined, outside)
      burn(job)
    },
    async function labelsAround(job) {
      await withLabels({ tenant: 'acme' }, async () => {
        await run(work)
        burn(job)
      })
      burn(job)
    },
    async function labelsInside(job) {
      await run(async (child) => {
        await withLabels({ tenant: 'acme' }, () => work(child))
        burn(child)
        // Never in place of the span's own.
        await withLabels({ span_id: 'mine', span_name: 'mine' }, () => work(child))
        burn(child)
      })
      burn(job)
    },
  ]
}

/** A child of the span in force, or a root. */
function anyParent() {
  return { root: randomBelow(2) === 0 }
}

function remoteSpanContext() {
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  }
}
