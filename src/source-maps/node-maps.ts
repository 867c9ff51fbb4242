import { setTimeout } from 'node:timers/promises'
import type { Transport } from '../sampler/transport.js'

/** Larger maps stay in the profiled thread, as it would take long to hand them over. */
const MAX_MAP_CHARS = 1 << 20
/** After so long the profiled thread answers with what it has. A file takes 0.1 to 1 ms. */
const MAX_PAUSE_MILLIS = 2
const BETWEEN_PAUSES_MILLIS = 20

/** What stands for a file of which Node has no map. */
export const NO_MAP: Buffer = Buffer.alloc(0)

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
  readonly #wait: (millis: number) => Promise<unknown>
  #globalId: string | undefined

  constructor(transport: Transport, wait: (millis: number) => Promise<unknown> = setTimeout) {
    this.#transport = transport
    this.#wait = wait
  }

  /**
   * @returns the maps of these files, as JSON, or that there is none; of some files nothing, where
   * the thread does not answer or the time is up.
   */
  async find(urls: readonly string[], deadline: number): Promise<ReadonlyMap<string, Buffer>> {
    const maps = new Map<string, Buffer>()
    try {
      while (maps.size < urls.length && performance.now() < deadline) {
        if (maps.size > 0) await this.#wait(BETWEEN_PAUSES_MILLIS)
        const asked = urls.slice(maps.size)
        const found = (await this.#ask(asked)) ?? asked.map(() => '')
        for (const text of found) {
          maps.set(urls[maps.size] as string, text === '' ? NO_MAP : Buffer.from(text))
        }
      }
    } catch {
      // The thread is about to end. What it has not told is shown as compiled.
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
