import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'

const shopFolder = fileURLToPath(new URL('.', import.meta.url))

/** Code that is not the shop's and was not called by it. */
export const NOT_THE_SHOP = 'Node.js itself'

/**
 * Adds up the CPU time in profiles by tenant and function: to the innermost function of the shop on
 * the stack goes all that it called, such as Node's hashing under `signInvoice`.
 *
 * @returns milliseconds by tenant and function, as `Stopwatch` has them; `''` is no tenant.
 */
export function seenBySpanprof(files) {
  const millis = {}
  for (const file of files) {
    const profile = Profile.decode(gunzipSync(readFileSync(file)))
    const cpu = profile.sampleType.findIndex(({ type }) => text(profile, type) === 'cpu')
    const functionOf = shopFunctions(profile)
    for (const sample of profile.sample) {
      const tenant = label(profile, sample, 'tenant')
      const name = functionOf(sample)
      millis[tenant] ??= {}
      millis[tenant][name] = (millis[tenant][name] ?? 0) + Number(sample.value[cpu]) / 1e6
    }
  }
  return millis
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

function label(profile, sample, key) {
  const found = sample.label.find((each) => text(profile, each.key) === key)
  return found === undefined ? '' : text(profile, found.str)
}

function text({ stringTable }, index) {
  return stringTable.strings[Number(index)]
}
