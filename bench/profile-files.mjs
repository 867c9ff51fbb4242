import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { sum } from './median.mjs'

/**
 * The samples of all pprof files in a directory.
 *
 * @returns `[{ functions, labels, values }]`: function names from the innermost frame out, labels as
 *   an object, values by the name of their sample type.
 */
export async function samplesIn(directory) {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pb.gz'))
  const files = await Promise.all(names.map((name) => readFile(join(directory, name))))
  return files.flatMap((bytes) => samplesOf(Profile.decode(gunzipSync(bytes))))
}

/** How often V8 took any of them: spanprof and @pyroscope/nodejs say `samples`, @datadog/pprof `sample`. */
export function countOf(samples) {
  return sum(samples.map(({ values }) => values.samples ?? values.sample))
}

function samplesOf({ sampleType, sample, location, function: functions, stringTable }) {
  const text = (index) => stringTable.strings[Number(index)]
  const nameOfFunction = new Map(functions.map(({ id, name }) => [Number(id), text(name)]))
  const namesOfLocation = new Map(
    location.map(({ id, line }) => [
      Number(id),
      line.map(({ functionId }) => nameOfFunction.get(Number(functionId))),
    ]),
  )
  const types = sampleType.map(({ type }) => text(type))
  return sample.map(({ locationId, label, value }) => ({
    functions: locationId.flatMap((id) => namesOfLocation.get(Number(id))),
    labels: Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)])),
    values: Object.fromEntries(types.map((type, i) => [type, Number(value[i])])),
  }))
}
