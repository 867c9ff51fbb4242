import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, samplesOf } from './decoded-profile.ts'
import { runCode, temporaryDirectory } from './program.ts'

/** Labels work before and after an await, and in the scope of an AsyncResource. */
const APP = `
import { AsyncResource } from 'node:async_hooks'
import { startProfiler, withLabels } from 'spanprof'
import { cpuBurner } from './test/programs/burn.mjs'

const burn = (name) => cpuBurner(name)(60)
const profiler = await startProfiler({
  outputDir: process.argv[1],
  samplingIntervalMicros: 1000,
  logger: console,
})
await withLabels({ tenant: 'acme' }, async () => {
  burn('scope')
  await null
  burn('afterAwait')
})
const resource = withLabels({ tenant: 'globex' }, () => new AsyncResource('test'))
withLabels({ tenant: 'acme' }, () => {
  resource.runInAsyncScope(() => burn('resource'))
  burn('afterResource')
})
burn('outside')
await profiler.stop()
`

const EXPECTED = {
  scope: 'acme',
  afterAwait: 'acme',
  resource: 'globex',
  afterResource: 'acme',
  outside: undefined,
}

describe.concurrent('labels are right, and nothing throws,', () => {
  it.each([
    ['where AsyncResource is frozen', 'Object.freeze(AsyncResource.prototype)', []],
    [
      'where AsyncLocalStorage is frozen',
      `import { AsyncLocalStorage } from 'node:async_hooks'
      Object.freeze(AsyncLocalStorage.prototype)`,
      [],
    ],
    ['under --frozen-intrinsics', '', ['--frozen-intrinsics', '--no-warnings']],
    [
      'in a realm that SES has locked down',
      `import 'ses'
      lockdown({ errorTaming: 'unsafe', consoleTaming: 'unsafe', reporting: 'none' })`,
      [],
    ],
  ])('%s', async (_, freeze, nodeArgs) => {
    const directory = temporaryDirectory()
    const { code, stdout, stderr } = await runCode(`${freeze}\n${APP}`, {
      args: [directory],
      nodeArgs,
    })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
    const samples = samplesOf(decodeDirectory(directory))
    for (const [place, tenant] of Object.entries(EXPECTED)) {
      const burnt = having(samples, place)
      expect(burnt.length, place).toBeGreaterThan(0)
      for (const { labels } of burnt) expect(labels.tenant, place).toBe(tenant)
    }
  })
})
