import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'

const shopFolder = fileURLToPath(new URL('.', import.meta.url))

/** Code that is not the shop's and was not called by it. */
export const NOT_THE_SHOP = 'Node.js and packages'

/**
 * The samples in profiles, each with its labels, its function and its CPU time in milliseconds. The
 * innermost function of the shop on the stack stands for all that it called, such as `signInvoice`
 * for Node's hashing.
 */
export function seenBySpanprof(files) {
  return files.flatMap((file) => {
    const profile = Profile.decode(gunzipSync(readFileSync(file)))
    const cpu = profile.sampleType.findIndex(({ type }) => text(profile, type) === 'cpu')
    const functionOf = shopFunctions(profile)
    return profile.sample.map((sample) => ({
      labels: labelsOf(profile, sample),
      name: functionOf(sample),
      millis: Number(sample.value[cpu]) / 1e6,
    }))
  })
}

function shopFunctions(profile) {
  const functions = new Map(profile.function.map((fn) => [fn.id, fn]))
  const functionAt = new Map(
    profile.location.map(({ id, line }) => [id, functions.get(line[0].functionId)]),
  )
  return (sample) => {
    const stack = sample.locationId.map((id) => functionAt.get(id)) // Innermost first.
    const ours = stack.find(({ filename }) => text(profile, filename).startsWith(shopFolder))
    const name = text(profile, (ours ?? stack[0]).name)
    // V8's own, such as (garbage collector), have no file.
    return ours || text(profile, stack[0].filename) === '' ? name : NOT_THE_SHOP
  }
}

function labelsOf(profile, sample) {
  return Object.fromEntries(
    sample.label.map(({ key, str }) => [text(profile, key), text(profile, str)]),
  )
}

function text({ stringTable }, index) {
  return stringTable.strings[Number(index)]
}
