/**
 * A server that takes profiles as Pyroscope 2.2.1 does at `POST /ingest`, and refuses them for the same
 * reasons with the same statuses and bodies: the grammar of names, parts without a file name, sizes,
 * samples, labels, age, rate. Limits are that version's defaults
 * (https://github.com/grafana/pyroscope/blob/3fe6a457a320/pkg/validation/validate.go). What it does not
 * have: storage, relabelling, other formats than pprof.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll } from 'vitest'
import { type DecodedProfile, decodeProfile } from './decoded-profile.ts'

const MIB = 2 ** 20
/** The server's own clock, whatever a test does to the one of the code under test. */
const nowMillis = Date.now
const LIMITS = {
  bytes: 4 * MIB,
  burstBytes: 2 * MIB,
  bytesPerSecond: 4 * MIB,
  samples: 16_000,
  sampleLabels: 100,
  seriesLabels: 30,
  labelNameBytes: 1024,
  labelValueBytes: 2048,
  oldestMillis: 60 * 60_000,
  newestMillis: 10 * 60_000,
}
/** Ids that are kept out of the series. */
const IDS = ['span_id', 'trace_id', 'profile_id']

/** A request as it came, whatever became of it. */
export interface IngestRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  /** What it was answered with; 0 when it was not. */
  readonly status: number
  readonly atMillis: number
}

/** A profile that was stored. */
export interface IngestedProfile extends DecodedProfile {
  readonly app: string
  /** Its `service_name`: the app, unless a tag says otherwise. */
  readonly service: string
  /** All others. */
  readonly tags: Readonly<Record<string, string>>
  readonly tenant: string
  readonly spyName: string
  readonly sampleRate: number
  readonly fromMillis: number
  readonly untilMillis: number
}

/** Answers in place of the server; `take` handles the request as ever and returns the status. */
export type Fault = (exchange: {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly take: () => Answer
}) => void

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface IngestServerOptions {
  /** A certificate and its key, for HTTPS. */
  readonly tls?: ServerOptions
  /** The only `Authorization` that is let in. */
  readonly authorization?: string
  readonly port?: number
}

export interface IngestServer {
  /** For `serverAddress`. */
  readonly address: string
  readonly port: number
  readonly requests: readonly IngestRequest[]
  readonly profiles: readonly IngestedProfile[]
  /** For the next requests, one each; then the server does as ever. */
  readonly faults: Fault[]
  /** For every request that has none in `faults`. */
  fault: Fault | undefined
  /** Resolves when so many profiles have been stored since the start. */
  stored(count: number): Promise<readonly IngestedProfile[]>
  /** Resolves when so many requests have come since the start. */
  requested(count: number): Promise<readonly IngestRequest[]>
  close(): Promise<void>
}

/** Answers as ever, but late. */
export const late =
  (millis: number): Fault =>
  ({ response, take }) => {
    const { status, body } = take()
    setTimeout(() => response.writeHead(status).end(body), millis)
  }

/** Never answers. */
export const never: Fault = () => {}

/** Closes the connection without an answer. */
export const reset: Fault = ({ request }) => request.socket.resetAndDestroy()

/** Sends these bytes and closes the connection. */
export const raw =
  (bytes: string): Fault =>
  ({ request }) => {
    request.socket.end(bytes)
  }

/** Answers with a status of its own. */
export const status =
  (code: number, body = '', headers: Record<string, string> = {}): Fault =>
  ({ response }) => {
    response.writeHead(code, headers).end(body)
  }

const servers: IngestServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.close())))

/** Starts a server on a free port of 127.0.0.1, which is closed after the tests of the file. */
export async function startIngestServer(options: IngestServerOptions = {}): Promise<IngestServer> {
  const requests: IngestRequest[] = []
  const profiles: IngestedProfile[] = []
  const faults: Fault[] = []
  const rates = new Map<string, Bucket>()
  const waiting = new Set<() => void>()
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!holds()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '/', 'http://localhost')
    let status = 0
    const take = () => {
      const answer = ingest(request, url, Buffer.concat(chunks), options, rates)
      status = answer.status
      if (answer.profile !== undefined) profiles.push(answer.profile)
      return answer
    }
    const fault = faults.shift() ?? server.fault
    if (fault === undefined) {
      const { status: code, body } = take()
      response.writeHead(code, { 'content-type': 'application/json' }).end(body)
    } else {
      fault({ request, response, take })
    }
    requests.push({
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      status,
      atMillis: performance.now(),
    })
    for (const check of waiting) check()
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => response.destroy()) // The client has gone.
  }
  const http: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const server: IngestServer = {
    address: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    profiles,
    faults,
    fault: undefined,
    async stored(count) {
      await until(() => profiles.length >= count)
      return profiles
    },
    async requested(count) {
      await until(() => requests.length >= count)
      return requests
    },
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  servers.push(server)
  return server
}

interface Ingested extends Answer {
  readonly profile?: IngestedProfile
}

function ingest(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  { authorization }: IngestServerOptions,
  rates: Map<string, Bucket>,
): Ingested {
  if (!url.pathname.endsWith('/ingest') || request.method !== 'POST') {
    return { status: 404, body: '404 page not found\n' }
  }
  if (authorization !== undefined && request.headers.authorization !== authorization) {
    return { status: 401, body: 'no or wrong credentials\n' } // Not Pyroscope's, but a proxy's.
  }
  const query = url.searchParams
  const tenant = String(request.headers['x-scope-orgid'] ?? 'anonymous')
  try {
    const { app, service, tags } = parseSeries(query.get('name') ?? '')
    const part = query.has('format') ? body : filePart(body, request.headers['content-type'])
    // Nothing to store is no error.
    if (part === undefined || part.length === 0) return { status: 200, body: '' }
    const zipped = part[0] === 0x1f && part[1] === 0x8b
    const raw = zipped ? gunzipSync(part) : part
    if (raw.length > LIMITS.bytes) throw new Refusal(422, 'decompressed size exceeds the maximum')
    const profile = decodeProfile(zipped ? part : gzipSync(part))
    rate(rates, tenant, raw.length)
    validate(profile, { ...tags, ...serverLabels(app, service, tags) })
    return {
      status: 200,
      body: '',
      ...(profile.samples.length > 0 && {
        profile: {
          ...profile,
          app,
          service,
          tags,
          tenant,
          spyName: query.get('spyName') ?? 'unknown',
          sampleRate: Number(query.get('sampleRate')),
          fromMillis: timeMillis(query.get('from')),
          untilMillis: timeMillis(query.get('until')),
        },
      }),
    }
  } catch (error) {
    if (error instanceof Refusal) return refused(error.status, error.message)
    return refused(422, `parsing IngestInput-pprof failed ${(error as Error).message}`)
  }
}

class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  413: 'invalid_argument',
  429: 'resource_exhausted',
}

function refused(status: number, message: string): Ingested {
  const code = CODES[status] ?? 'unknown'
  return { status, body: `${JSON.stringify({ code, message })}\n` }
}

/** `app{key=value,key=value}`: no quotes, no escapes; a pair that does not end is dropped. */
function parseSeries(name: string): Pick<IngestedProfile, 'app' | 'service' | 'tags'> {
  const open = name.indexOf('{')
  const app = (open < 0 ? name : name.slice(0, open)).trim()
  if (!/^[\w./-]+$/.test(app)) throw new Refusal(400, `name: invalid service name: ${app}`)
  const tags: Record<string, string> = {}
  let rest = open < 0 ? '' : name.slice(open + 1)
  for (let pair = /^([^}=]*)=([^,}]*)([,}])/.exec(rest); pair; ) {
    const [whole, key = '', value = ''] = pair
    const tag = key.trim()
    if (!/^[\w.]+$/.test(tag)) throw new Refusal(400, `name: invalid label name: ${tag}`)
    if (tag !== '__name__') tags[tag] = value.trim()
    rest = rest.slice(whole.length)
    pair = /^([^}=]*)=([^,}]*)([,}])/.exec(rest)
  }
  const { service_name: service = app, ...others } = tags
  return { app, service, tags: others }
}

/** The part called `profile`, which has to have a file name. */
function filePart(body: Buffer, contentType = ''): Buffer | undefined {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)/.exec(contentType)?.[1]
  if (boundary === undefined) throw new Refusal(422, 'no multipart boundary')
  const text = body.toString('latin1')
  if (!text.includes(`--${boundary}--`)) throw new Refusal(422, 'multipart: NextPart: EOF')
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...content] = part.split('\r\n\r\n')
    if (!/name="profile"/.test(head) || !/filename="[^"]+"/.test(head)) continue
    return Buffer.from(content.join('\r\n\r\n').slice(0, -2), 'latin1')
  }
  return undefined
}

function validate(profile: DecodedProfile, seriesLabels: Readonly<Record<string, string>>): void {
  const { samples, sampleTypes, timeNanos } = profile
  if (sampleTypes.length === 0) throw new Refusal(422, 'empty profile')
  if (sampleTypes.some((type) => type.includes('-'))) {
    throw new Refusal(422, 'sample type contains -')
  }
  const ageMillis = nowMillis() - Number(timeNanos / 1_000_000n)
  if (timeNanos > 0n && (ageMillis >= LIMITS.oldestMillis || -ageMillis >= LIMITS.newestMillis)) {
    throw new Refusal(422, 'profile is outside of ingestion window')
  }
  if (samples.length > LIMITS.samples) throw new Refusal(422, 'exceeds the samples count limit')
  if (profile.strings[0] !== '') throw new Refusal(422, 'string 0 should be empty string')
  for (const { labels, values } of samples) {
    if (Object.values(values).some(Number.isNaN)) {
      throw new Refusal(422, 'sample value length mismatch')
    }
    if (Object.keys(labels).length > LIMITS.sampleLabels) {
      throw new Refusal(422, 'exceeds the sample labels limit')
    }
    const own = Object.entries(labels).filter(([key]) => !IDS.includes(key))
    validateSeries({ ...Object.fromEntries(own), ...seriesLabels })
  }
}

/** What the server adds to a series. */
function serverLabels(
  app: string,
  service: string,
  tags: Readonly<Record<string, string>>,
): Record<string, string> {
  if ('pyroscope_spy' in tags) throw new Refusal(422, `duplicate label name: 'pyroscope_spy'`)
  if (service === '') throw new Refusal(422, 'service name is not provided')
  return {
    __name__: 'p',
    __delta__: 'false',
    pyroscope_spy: 'spy',
    service_name: service,
    ...(service !== app && { app_name: app }),
  }
}

/** One label that is not right loses the whole profile. */
function validateSeries(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels)
  if (entries.length > LIMITS.seriesLabels) {
    throw new Refusal(422, `series has ${entries.length} label names; limit ${LIMITS.seriesLabels}`)
  }
  const names = new Set<string>()
  for (const [name, value] of entries) {
    if (Buffer.byteLength(name) > LIMITS.labelNameBytes) throw new Refusal(422, 'name too long')
    if (Buffer.byteLength(value) > LIMITS.labelValueBytes) throw new Refusal(422, 'value too long')
    // 2.2.1 takes any text for a name, versions before it these alone.
    const plain = name.replaceAll('.', '_')
    if (!/^[A-Za-z_][\w]*$/.test(plain)) throw new Refusal(422, `invalid label name '${name}'`)
    if (names.has(plain)) throw new Refusal(422, `duplicate label name: '${name}'`)
    names.add(plain)
  }
}

/** Tokens that come at the rate, and no more than the burst. */
interface Bucket {
  bytes: number
  atMillis: number
}

function rate(rates: Map<string, Bucket>, tenant: string, bytes: number): void {
  const now = performance.now()
  const bucket = rates.get(tenant) ?? { bytes: LIMITS.burstBytes, atMillis: now }
  const came = ((now - bucket.atMillis) / 1000) * LIMITS.bytesPerSecond
  const tokens = Math.min(LIMITS.burstBytes, bucket.bytes + came)
  const enough = bytes <= tokens
  rates.set(tenant, { bytes: enough ? tokens - bytes : tokens, atMillis: now })
  if (!enough) throw new Refusal(429, `push rate limit (4.0 MiB) exceeded while adding ${bytes}`)
}

/** The number of digits says the unit. */
function timeMillis(text: string | null): number {
  const factor = { 13: 1, 16: 1e-3, 19: 1e-6 }[text?.length ?? 0] ?? 1000
  return Number(text) * factor
}
