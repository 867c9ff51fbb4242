import { describe, expect, it } from 'vitest'
import { having, samplesOf } from '../decoded-profile.ts'
import { type IngestedProfile, type IngestServer, startIngestServer } from '../ingest-server.ts'
import { type ProgramOptions, runCode, withoutLongPauses } from '../program.ts'

/** Runs code with the drop-in and a server, and gives what that has got by the end. */
async function run(code: string, options: ProgramOptions & { server?: IngestServer } = {}) {
  const server = options.server ?? (await startIngestServer())
  const source = `import Pyroscope, { startProfiler } from 'spanprof'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { EventEmitter, once } from 'node:events'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const burn = cpuBurner('burn')
    const print = (value) => console.log(JSON.stringify(value))
    const messages = []
    const collects = /full garbage collection/ // How long that takes is the machine's affair.
    const logger = Object.fromEntries(['error', 'warn', 'info', 'debug', 'trace', 'fatal']
      .map((level) => [level, (text) => collects.test(text) || messages.push([level, text])]))
    const workers = []
    const profilers = new EventEmitter()
    process.on('worker', (worker) => {
      workers.push(worker)
      // Its first answer is that to the start.
      worker.on('message', function answered({ type }) {
        if (type === 'answer') worker.off('message', answered) && profilers.emit('start')
      })
    })
    /** Once a profiler runs, which start() does not wait for. */
    const started = () => once(profilers, 'start')
    /** Little, as a heap that takes long to read is not read at the end. */
    const allocate = () => { globalThis.kept = Array.from({ length: 8 }, () => new Array(100_000).fill(1)) }
    const serverAddress = process.env.SERVER
    ${code}`
  const { stdout, stderr, ...ended } = await runCode(source, {
    ...options,
    // The first upload comes at a random moment of its minute: by this seed, late enough.
    nodeArgs: ['--random-seed=7'],
    env: { SERVER: server.address, ...options.env },
  })
  const all = { ...ended, stderr: withoutLongPauses(stderr) }
  expect(all).toEqual({ stderr: '', code: 0, signal: null })
  const printed = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return { printed, profiles: server.profiles, server }
}

const typesOf = (profiles: readonly IngestedProfile[]) =>
  [...new Set(profiles.map(({ sampleTypes }) => sampleTypes.at(-1)))].sort()

const CPU = 'cpu/nanoseconds'
const WALL = 'wall/nanoseconds'
const HEAP = 'inuse_space/bytes'

describe.concurrent('what is started', () => {
  it.each([
    ['start', '{}', [HEAP, WALL]],
    ['start', '{ wall: { collectCpuTime: true } }', [CPU, HEAP, WALL]],
    ['startWallProfiling', '{}', [WALL]],
    ['startWallProfiling', '{ wall: { collectCpuTime: true } }', [CPU, WALL]],
    ['startCpuProfiling', '{}', [CPU, WALL]],
    ['startHeapProfiling', '{}', [HEAP]],
  ])('by %s with %s comes to the server', async (start, config, types) => {
    const { profiles, printed } = await run(`
      Pyroscope.init({ serverAddress, appName: 'shop', ...${config} })
      Pyroscope.${start}()
      await started()
      burn(200)
      allocate()
      await Pyroscope.${start.replace('start', 'stop')}()
      print(workers.length)`)
    expect(typesOf(profiles)).toEqual(types)
    expect(printed).toEqual([1])
    for (const { app, tags, spyName } of profiles) {
      expect({ app, spyName }).toEqual({ app: 'shop', spyName: 'nodespy' })
      expect(tags).toMatchObject({ 'otel.scope.name': 'spanprof' })
    }
  })

  it('is delivered when the app ends without a stop', async () => {
    const { profiles } = await run(`
      Pyroscope.init({ serverAddress, appName: 'job' })
      Pyroscope.startCpuProfiling()
      await started()
      burn(200)`)
    expect(typesOf(profiles)).toEqual([CPU, WALL])
    const cpu = profiles.filter(({ sampleTypes }) => sampleTypes.includes(CPU))
    expect(having(samplesOf(cpu), 'burn')).not.toEqual([])
  })

  it('does not keep the app alive, nor what cannot be delivered', async () => {
    const { printed } = await run(
      `Pyroscope.setLogger(logger)
      Pyroscope.init({ appName: 'job' })
      Pyroscope.start()`,
      // Where nobody listens.
      { env: { PYROSCOPE_SERVER_ADDRESS: 'http://127.0.0.1:9', SPANPROF_EXIT_TIMEOUT_MS: '100' } },
    )
    expect(printed).toEqual([])
  })
})

describe.concurrent('starts and stops', () => {
  it('come in any order and number', async () => {
    const { printed, profiles } = await run(`
      Pyroscope.setLogger(logger)
      await Pyroscope.stop() // Before there is anything.
      Pyroscope.init({ serverAddress, appName: 'shop' })
      await Pyroscope.stopWallProfiling()
      await Pyroscope.stop()
      Pyroscope.start()
      Pyroscope.start()
      Pyroscope.startWallProfiling()
      await started()
      burn(100)
      await Promise.all([Pyroscope.stop(), Pyroscope.stop(), Pyroscope.stopHeapProfiling()])
      await Pyroscope.stop()
      Pyroscope.start()
      await Pyroscope.stop()
      print([workers.length, messages.filter(([level]) => level !== 'info')])`)
    expect(printed).toEqual([[1, []]])
    expect(profiles.filter(({ sampleTypes }) => sampleTypes.includes(WALL))).toHaveLength(1)
  })

  it('of one type leave the others running', async () => {
    const { profiles } = await run(`
      Pyroscope.init({ serverAddress, appName: 'shop' })
      Pyroscope.start()
      await started()
      allocate()
      const again = started()
      await Pyroscope.stopHeapProfiling()
      await again
      allocate()
      cpuBurner('afterHeap')(200)
      await Pyroscope.stop()`)
    const after = profiles.filter(({ samples }) => having(samples, 'afterHeap').length > 0)
    expect(typesOf(after)).toEqual([WALL])
    expect(profiles.filter(({ sampleTypes }) => sampleTypes.includes(HEAP))).toHaveLength(1)
  })

  it('after another init go over to what that has set', async () => {
    const { profiles } = await run(`
      Pyroscope.init({ serverAddress, appName: 'before' })
      Pyroscope.startWallProfiling()
      await started()
      burn(50)
      Pyroscope.init({ serverAddress, appName: 'after' })
      Pyroscope.startWallProfiling()
      await started()
      burn(50)
      await Pyroscope.stop()`)
    expect(profiles.map(({ app }) => app)).toEqual(['before', 'after'])
  })

  it('are refused before init, at once', async () => {
    const { printed } = await run(`
      for (const name of ['start', 'startWallProfiling', 'startCpuProfiling', 'startHeapProfiling']) {
        try { Pyroscope[name]() } catch (error) { print([error.code, error.message]) }
      }
      Pyroscope.setLabels({ early: 'yes' })
      print(Pyroscope.wrapWithLabels({ a: 1 }, () => Pyroscope.getLabels()))`)
    const refused = ['ERR_NOT_INITIALIZED', 'not initialized: call init() first']
    expect(printed).toEqual([refused, refused, refused, refused, { early: 'yes', a: '1' }])
  })

  it('that fail are told once, and may be tried again', async () => {
    const { printed, profiles } = await run(`
      Pyroscope.setLogger(logger)
      const other = await startProfiler({ serverAddress, appName: 'other' })
      Pyroscope.init({ serverAddress, appName: 'shop' })
      Pyroscope.start()
      await Pyroscope.stopHeapProfiling()
      print(messages)
      await other.stop()
      Pyroscope.startWallProfiling()
      await started()
      burn(100)
      await Pyroscope.stop()`)
    expect(printed).toEqual([
      [['warn', expect.stringMatching(/^spanprof: start\(\) has no effect: a profiler/)]],
    ])
    expect(profiles.map(({ app }) => app)).toContain('shop')
  })
})

describe.concurrent('a start that fails', () => {
  it('takes nothing from the one after it', async () => {
    const { printed, profiles } = await run(
      `Pyroscope.setLogger(logger)
      Pyroscope.init({ serverAddress, appName: 'before' })
      Pyroscope.start()
      await import('./dist/drop-in/continuous.js')
      await new Promise(setImmediate) // The start is on its way, and has seen its environment.
      process.env.SPANPROF_TLS_CA_FILE = ''
      Pyroscope.init({ serverAddress, appName: 'after' })
      Pyroscope.start()
      await started()
      await Pyroscope.stopHeapProfiling()
      burn(100)
      await Pyroscope.stop()
      print(messages.filter(([level]) => level === 'warn').length)`,
      { env: { SPANPROF_TLS_CA_FILE: '/no/such/file.pem' } },
    )
    expect(printed).toEqual([1])
    expect(new Set(profiles.map(({ app }) => app))).toEqual(new Set(['after']))
    expect(typesOf(profiles)).toContain(WALL)
  })
})

describe.concurrent('the logger', () => {
  it('hears that profiles are lost, and no secret', async () => {
    const server = await startIngestServer({ authorization: 'Bearer right' })
    const { printed } = await run(
      `Pyroscope.setLogger(logger)
      Pyroscope.init({ serverAddress, authToken: 's3cret' })
      Pyroscope.startWallProfiling()
      await started()
      burn(100)
      await Pyroscope.stop()
      print(messages)`,
      { server },
    )
    expect(printed[0]).toEqual([['warn', expect.stringContaining('401')]])
    expect(JSON.stringify(printed)).not.toContain('s3cret')
  })

  it('hears of names in the config that mean nothing', async () => {
    const { printed } = await run(`
      const heard = new EventEmitter()
      const warn = (message) => heard.emit('warn', message)
      Pyroscope.setLogger({ ...logger, warn })
      Pyroscope.init({ appName: 'shop', autoStart: true })
      print([['warn', ...await once(heard, 'warn')]])`)
    expect(printed).toEqual([[['warn', 'spanprof: init ignores unknown options: autoStart']]])
  })
})

describe('init', () => {
  it('starts nothing', async () => {
    const { printed, server } = await run(`
      Pyroscope.init({ serverAddress, appName: 'shop' })
      await sleep(100)
      print(workers.length)`)
    expect(printed).toEqual([0])
    expect(server.requests).toEqual([])
  })
})
