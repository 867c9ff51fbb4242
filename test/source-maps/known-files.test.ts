import { beforeEach, describe, expect, it } from 'vitest'
import { KnownFile } from '../../src/source-maps/known-file.ts'
import { KnownFiles } from '../../src/source-maps/known-files.ts'
import { SourceMap } from '../../src/source-maps/source-map.ts'

const STAMP = 'as it is'

/** A file of which so many places are known. */
async function fileOf(places: number): Promise<KnownFile> {
  const file = new KnownFile(STAMP)
  const map = new SourceMap(Buffer.from('{"version":3,"sources":[],"mappings":""}'), '/app/a.map')
  const asked = Array.from({ length: places }, (_, line) => ({ line, column: 0, functionName: '' }))
  await file.ask({ code: undefined, map }, asked)
  return file
}

describe('what is known of files', () => {
  let known: KnownFiles
  const kept = () => ['a', 'b', 'c'].filter((url) => known.get(url) !== undefined)
  beforeEach(async () => {
    known = new KnownFiles(3 * (await fileOf(10)).byteLength)
  })

  it('is kept up to a bound, that of the file asked for last before all', async () => {
    known.keep([['a', await fileOf(10)]])
    known.keep([['b', await fileOf(10)]])
    const { byteLength } = await fileOf(25)
    expect(byteLength).toBeGreaterThan((await fileOf(20)).byteLength)
    known.keep([['c', await fileOf(25)]])
    expect(kept()).toEqual(['c'])
  })

  it('is kept for longer when it is asked for again', async () => {
    const file = await fileOf(10)
    known.keep([['a', file]])
    known.keep([['b', await fileOf(10)]])
    known.keep([['a', file]])
    known.keep([['c', await fileOf(12)]])
    expect(kept()).toEqual(['a', 'c'])
  })
})
