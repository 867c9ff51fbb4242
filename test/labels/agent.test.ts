import asyncHooks, { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, describe, expect, it } from 'vitest'
import { type CarryingContext, LabelAgent, type LabelSet } from '../../src/labels/agent.ts'
import { SampledLabelsReader } from './sampled-labels.ts'

/** With its fraction, as the agent's own times: cut down, it would lie before a switch right before it. */
const nowMicros = () => Number(process.hrtime.bigint()) / 1000

/** A context with one place for labels, as simple as can be. */
class OnePlace implements CarryingContext {
  labelsInForce: LabelSet | undefined
  hooked = 0
  labels = () => this.labelsInForce
  labelsIn = () => this.labelsInForce
  labelsBack = (before: LabelSet | undefined) => before
  hook() {
    this.hooked++
    return () => {
      this.hooked--
    }
  }
  release() {}
}

/** Async hooks that are enabled now. */
function hooksEnabled(): number {
  return enabled.size
}
const enabled = new Set<object>()
const { createHook } = asyncHooks
asyncHooks.createHook = (callbacks) => {
  const hook = createHook(callbacks)
  const { enable, disable } = hook
  const isOurs = callbacks.before !== undefined
  hook.enable = () => {
    if (isOurs) enabled.add(hook)
    return enable.call(hook)
  }
  hook.disable = () => {
    enabled.delete(hook)
    return disable.call(hook)
  }
  return hook
}
syncBuiltinESMExports()

let agent = new LabelAgent()

/** The labels of samples taken at these times. */
function labelsAt(...timesMicros: number[]) {
  return new SampledLabelsReader(agent).at(timesMicros)
}

afterEach(() => agent.stop())

describe('the label agent', () => {
  it('returns what the function returns, and passes on what it throws', async () => {
    agent = new LabelAgent()
    agent.start()
    const thrown = new Error('expected')
    const failing = () => {
      throw thrown
    }
    expect(agent.run({ a: 1 }, () => 7)).toBe(7)
    await expect(agent.run({ a: 1 }, async () => 8)).resolves.toBe(8)
    expect(() => agent.run({ a: 1 }, failing)).toThrow(thrown)
    await expect(agent.run({ a: 1 }, async () => failing())).rejects.toBe(thrown)
  })

  it('hooks nothing before the first label is used', () => {
    agent = new LabelAgent()
    agent.start()
    expect(hooksEnabled()).toBe(0)
    agent.run({ a: 1 }, () => {})
    expect(hooksEnabled()).toBe(1)
  })

  it('hooks nothing for a context without labels', () => {
    agent = new LabelAgent()
    agent.start()
    agent.follow(() => new OnePlace())
    expect(hooksEnabled()).toBe(0)
  })

  it('hooks nothing while nobody records', () => {
    agent = new LabelAgent()
    agent.run({ a: 1 }, () => {})
    expect(hooksEnabled()).toBe(0)
  })

  it('undoes its hooks', () => {
    agent = new LabelAgent()
    agent.start()
    agent.run({ a: 1 }, () => {})
    agent.stop()
    expect(hooksEnabled()).toBe(0)
  })

  it('leaves no frame on the stack of an asynchronous continuation', async () => {
    agent = new LabelAgent()
    agent.start()
    const stack = await agent.run({ a: 1 }, async () => {
      await null
      return new AsyncResource('test').runInAsyncScope(() => new Error('here').stack)
    })
    expect(stack).not.toMatch(/src\/labels/)
  })

  it('knows the labels of scopes that were opened before it was started', async () => {
    agent = new LabelAgent()
    await agent.run({ a: 1 }, async () => {
      await null
      agent.start()
      await null
      const time = nowMicros()
      expect(agent.labelsAt([time], time, 0)).toEqual({
        labelsOfSample: [0],
        combinations: [[0, -1]],
        changedSets: [[0, ['a', '1']]],
        settledSets: [],
        made: 1,
        switches: expect.any(Number),
      })
    })
  })

  it('has other labels in force as soon as they are entered', async () => {
    agent = new LabelAgent()
    agent.start()
    await null
    agent.enter({ a: 1 })
    const times = [nowMicros()]
    agent.enter({ b: 2 })
    times.push(nowMicros())
    await null
    times.push(nowMicros())
    agent.run({ c: 3 }, () => {
      agent.enter({ d: 4 })
      times.push(nowMicros())
    })
    times.push(nowMicros())
    expect(labelsAt(...times)).toEqual([{ a: '1' }, { b: '2' }, { b: '2' }, { d: '4' }, { b: '2' }])
  })

  it('keeps a span’s labels beside those that are entered', () => {
    agent = new LabelAgent()
    agent.start()
    agent.follow(() => new OnePlace())
    agent.run({}, () => {
      agent.carry(new Span('1'))
      agent.enter({ tenant: 'acme' })
      expect(labelsAt(nowMicros())).toEqual([{ span_id: '1', tenant: 'acme' }])
    })
  })

  it('knows nothing of an earlier run', () => {
    agent = new LabelAgent()
    agent.start()
    agent.run({ a: 1 }, () => agent.stop())
    agent.start()
    expect(labelsAt(nowMicros())).toEqual([undefined])
  })

  it('gives a label set once, however many samples have it', () => {
    agent = new LabelAgent()
    agent.start()
    const times = agent.run({ a: 1 }, () => [nowMicros(), nowMicros() + 1])
    const { labelsOfSample, changedSets } = agent.labelsAt(times, times[1] ?? 0, 0)
    expect(labelsOfSample).toEqual([0, 0])
    expect(changedSets).toEqual([[0, ['a', '1']]])
  })

  it('counts switches, and goes on counting after it was stopped', () => {
    agent = new LabelAgent()
    agent.start()
    agent.run({ a: 1 }, () => {})
    agent.stop()
    agent.start()
    agent.run({ a: 1 }, () => {})
    expect(agent.counters().labelSwitches).toBe(4)
  })

  it('does not disturb other stores', () => {
    agent = new LabelAgent()
    agent.start()
    const storage = new AsyncLocalStorage<number>()
    const seen = storage.run(1, () => agent.run({ a: 1 }, () => storage.getStore()))
    expect(seen).toBe(1)
  })
})

describe('a context that carries labels', () => {
  function following() {
    agent = new LabelAgent()
    agent.start()
    agent.use()
    return agent.follow(() => new OnePlace())
  }

  it('is hooked while the agent records, and only then', () => {
    const context = following()
    expect(context.hooked).toBe(1)
    agent.stop()
    expect(context.hooked).toBe(0)
    agent.start()
    expect(context.hooked).toBe(1)
  })

  it('is followed once, whoever asks for it again', () => {
    const context = following()
    expect(agent.follow(() => new OnePlace())).toBe(context)
    expect(context.hooked).toBe(1)
  })

  it('labels samples together with withLabels', () => {
    const context = following()
    context.labelsInForce = new Span('1')
    agent.observe()
    const time = agent.run({ tenant: 'acme' }, nowMicros)
    expect(labelsAt(time)).toEqual([{ span_id: '1', tenant: 'acme' }])
  })

  it('takes precedence over withLabels', () => {
    following()
    agent.carry(new Span('1'))
    const time = agent.run({ span_id: 'mine', tenant: 'acme' }, nowMicros)
    expect(labelsAt(time)).toEqual([{ span_id: '1', tenant: 'acme' }])
  })

  it('is read again when a continuation begins', async () => {
    const context = following()
    context.labelsInForce = new Span('1')
    await null
    expect(labelsAt(nowMicros())).toEqual([{ span_id: '1' }])
  })

  it('sends its labels again if they have changed, and only then', () => {
    following()
    const span = new Span('1')
    agent.carry(span)
    const time = nowMicros()
    expect(agent.labelsAt([time], time, 0).changedSets).toEqual([[0, ['span_id', '1']]])
    expect(agent.labelsAt([], time, 0).changedSets).toEqual([])
    span.change('2')
    expect(agent.labelsAt([], time, 0).changedSets).toEqual([[0, ['span_id', '2']]])
  })

  it('is forgotten once no sample is kept that has its labels', () => {
    following()
    const span = new Span('1')
    agent.carry(span)
    const time = nowMicros()
    agent.labelsAt([time], time, 0)
    expect(agent.labelsAt([], time + 1, time).settledSets).toEqual([])
    expect(agent.labelsAt([], time + 2, time + 1).settledSets).toEqual([0])
    span.change('2')
    expect(agent.labelsAt([], time + 3, time + 1).changedSets).toEqual([])
  })

  it('may have other labels for a later sample', () => {
    following()
    const ended = new Span('1')
    const after = new Span('over')
    agent.carry(Object.assign(ended, { at: (micros: number) => (micros > end ? after : ended) }))
    const time = nowMicros()
    const end = time + 1
    expect(labelsAt(time, time + 2)).toEqual([{ span_id: '1' }, { span_id: 'over' }])
  })
})

describe('labels that are updated', () => {
  it('reach what runs in the scope, and what was started in it before', async () => {
    agent = new LabelAgent()
    agent.start()
    const times = await agent.run({ route: '/cart' }, async () => {
      const started = Promise.resolve().then(nowMicros)
      agent.update({ tenant: 'acme' })
      return [nowMicros(), await started]
    })
    const labels = { route: '/cart', tenant: 'acme' }
    expect(labelsAt(...times)).toEqual([labels, labels])
  })

  it('reach samples that were taken in the scope before', () => {
    agent = new LabelAgent()
    agent.start()
    agent.run({}, () => agent.update({}))
    const reader = new SampledLabelsReader(agent)
    const before = agent.run({ route: '/cart' }, () => {
      const time = nowMicros()
      expect(reader.at([time])).toEqual([{ route: '/cart' }])
      agent.update({ tenant: 'acme' })
      return time
    })
    expect(agent.labelsAt([], before, before).changedSets).toEqual([
      [expect.any(Number), ['route', '/cart', 'tenant', 'acme']],
    ])
  })

  it('do not reach another scope of the same labels', () => {
    agent = new LabelAgent()
    agent.start()
    const first = agent.run({ route: '/cart' }, () => {
      agent.update({ tenant: 'acme' })
      return nowMicros()
    })
    const second = agent.run({ route: '/cart' }, nowMicros)
    expect(labelsAt(first, second)).toEqual([
      { route: '/cart', tenant: 'acme' },
      { route: '/cart' },
    ])
  })

  it('say whether there is a scope', () => {
    agent = new LabelAgent()
    expect(agent.update({ tenant: 'acme' })).toBe(false)
    expect(agent.run({}, () => agent.update({ tenant: 'acme' }))).toBe(true)
  })
})

/** A span as a label set. */
class Span implements LabelSet {
  pairs: readonly string[]
  version = 0

  constructor(id: string) {
    this.pairs = ['span_id', id]
  }

  change(id: string): void {
    this.pairs = ['span_id', id]
    this.version++
  }
}
