import type { Transport } from '../sampler/transport.js'

/**
 * Larger maps stay in the profiled thread: what a loader compiles while the app runs is a file, not a
 * bundle.
 */
const MAX_MAP_CHARS = 4 << 20
/** For how long the profiled thread answers at once. A file takes 0.1 ms, a large one more. */
const MAX_PAUSE_MILLIS = 2

/**
 * Answers in the profiled thread, for as many of the files as the time allows; `null` where no source
 * maps are kept. Self-contained, as only its text gets there, and constant, as V8 keeps each. It ends
 * with a line break, as V8 puts it in parentheses.
 */
const FIND_MAPS = `function (urls, maxMillis, maxChars) {
  if (!process.sourceMapsEnabled) return null
  const { findSourceMap } = process.getBuiltinModule('module')
  const start = process.hrtime()
  const found = []
  for (const url of urls) {
    const [seconds, nanos] = process.hrtime(start)
    if (found.length > 0 && seconds * 1e3 + nanos / 1e6 > maxMillis) break
    try {
      const { version, sources, names, mappings } = findSourceMap(url).payload
      const isSmall = mappings.length < maxChars
      found.push(isSmall ? JSON.stringify({ version, sources, names, mappings }) : '')
    } catch {
      found.push('')
    }
  }
  return found
}
//# sourceURL=spanprof:source-maps
`

interface CallResult {
  readonly result: { readonly value?: readonly string[] | null; readonly objectId?: string }
}

/**
 * The maps that Node itself keeps of code that a loader compiled (tsx, ts-node,
 * `--experimental-transform-types`): that code is in no file. It keeps them with
 * `--enable-source-maps` or `process.setSourceMapsEnabled(true)`, which such loaders call.
 */
export class NodeMaps {
  readonly #transport: Transport
  #globalId: string | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** @returns the maps of these files, as JSON; `undefined` where the thread does not answer. */
  async find(urls: readonly string[]): Promise<Map<string, Buffer> | undefined> {
    try {
      return await this.#find(urls)
    } catch {
      return undefined
    }
  }

  async #find(urls: readonly string[]): Promise<Map<string, Buffer>> {
    const maps = new Map<string, Buffer>()
    for (let at = 0; at < urls.length; ) {
      const found = await this.#ask(urls.slice(at))
      if (!found?.length) break // Node keeps no maps.
      for (const text of found) {
        if (text) maps.set(urls[at] as string, Buffer.from(text))
        at++
      }
    }
    return maps
  }

  async #ask(urls: readonly string[]): Promise<readonly string[] | null | undefined> {
    const { result } = (await this.#transport.send('Runtime.callFunctionOn', {
      objectId: await this.#global(),
      functionDeclaration: FIND_MAPS,
      arguments: [urls, MAX_PAUSE_MILLIS, MAX_MAP_CHARS].map((value) => ({ value })),
      returnByValue: true,
      silent: true,
    })) as CallResult
    return result.value
  }

  /** V8 wants an object to call a function on. */
  async #global(): Promise<string | undefined> {
    if (this.#globalId === undefined) {
      const evaluation = { expression: 'globalThis', silent: true }
      const { result } = (await this.#transport.send('Runtime.evaluate', evaluation)) as CallResult
      this.#globalId = result.objectId
    }
    return this.#globalId
  }
}
