/** What is asked of a real Pyroscope: its query API, in Connect's JSON. */

/** Names as `LabelValues` and others take them; times are those of the last hour. */
export class PyroscopeQueries {
  readonly #address: string
  readonly #tenantId: string

  constructor(address: string, tenantId: string) {
    this.#address = address.replace(/\/+$/, '')
    this.#tenantId = tenantId
  }

  /** Such as `process_cpu:cpu:nanoseconds:cpu:nanoseconds`. */
  async profileTypes(): Promise<string[]> {
    const { profileTypes = [] } = await this.#ask('ProfileTypes', {})
    return (profileTypes as { ID: string }[]).map(({ ID }) => ID)
  }

  async labelValues(name: string, selector: string): Promise<string[]> {
    const { names = [] } = await this.#ask('LabelValues', { name, matchers: [selector] })
    return names as string[]
  }

  /** The sum of a profile type's values, over everything that the selector finds. */
  async total(profileTypeID: string, labelSelector: string): Promise<number> {
    return totalOf(await this.#ask('SelectMergeProfile', { profileTypeID, labelSelector }))
  }

  /** Likewise of a flame graph of spans. */
  async totalOfSpans(profileTypeID: string, spanSelector: readonly string[]): Promise<number> {
    const query = { profileTypeID, labelSelector: '{}', spanSelector }
    const { flamegraph } = await this.#ask('SelectMergeSpanProfile', query)
    return Number((flamegraph as { total?: string } | undefined)?.total ?? 0)
  }

  /** Likewise of traces. */
  async totalOfTraces(
    profileTypeID: string,
    labelSelector: string,
    traceIdSelector: readonly string[],
  ): Promise<number> {
    const query = { profileTypeID, labelSelector, traceIdSelector }
    const { flamegraph } = await this.#ask('SelectMergeStacktraces', query)
    return Number((flamegraph as { total?: string } | undefined)?.total ?? 0)
  }

  /** The functions of a profile type. */
  async functionNames(profileTypeID: string, labelSelector: string): Promise<string[]> {
    const profile = await this.#ask('SelectMergeProfile', { profileTypeID, labelSelector })
    const { function: functions = [], stringTable = [] } = profile as {
      function?: { name?: string }[]
      stringTable?: string[]
    }
    return functions.map(({ name }) => stringTable[Number(name ?? 0)] ?? '')
  }

  async #ask(method: string, query: object): Promise<Record<string, unknown>> {
    const hourMillis = 3_600_000
    const response = await fetch(`${this.#address}/querier.v1.QuerierService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-scope-orgid': this.#tenantId },
      body: JSON.stringify({
        start: Date.now() - hourMillis,
        end: Date.now() + hourMillis,
        ...query,
      }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}

function totalOf(profile: Record<string, unknown>): number {
  const samples = (profile.sample ?? []) as { value?: string[] }[]
  return samples.reduce((sum, { value }) => sum + Number(value?.[0] ?? 0), 0)
}
