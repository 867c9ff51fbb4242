import { gzipSync } from 'node:zlib'
import type { ServerConfig } from '../../options/server-config.js'
import { type PlaceOptions, placedFunctionName } from '../function-name.js'
import { toPprof } from '../pprof.js'
import type { Profile } from '../profile.js'
import type { Sink } from '../sink.js'
import { acceptableProfile } from './acceptable-profile.js'
import { IngestClient, TENANT_HEADER } from './ingest-client.js'
import { encodedParts, MAX_BYTES } from './profile-parts.js'
import { PushReport, type PushSinkReport } from './push-report.js'
import { Spool } from './spool.js'
import { UploadQueue } from './upload-queue.js'
import { Uploader } from './uploader.js'

/** How often files are looked for that other processes have left. */
const SPOOL_SCAN_MILLIS = 60_000
/** How far the wall clock may be off what it was before a profile's time is stamped anew. */
const MAX_CLOCK_STEP_MILLIS = 60_000

/** Pushes profiles to a Pyroscope's `/ingest`. */
export class PyroscopeSink implements Sink {
  readonly #report: PushReport
  readonly #queue: UploadQueue
  readonly #uploader: Uploader
  readonly #places: PlaceOptions
  readonly #scanning: NodeJS.Timeout | undefined

  /** @param places how the places of functions are shown in their names. */
  constructor(server: ServerConfig, places: PlaceOptions, report: PushSinkReport) {
    const client = new IngestClient(server)
    this.#places = places
    this.#report = new PushReport(report, client.origin)
    const spool = spoolOf(server, this.#report)
    this.#queue = new UploadQueue({
      maxBytes: server.maxQueueBytes,
      deadlineMillis: server.uploadDeadlineMs,
      spool,
      report: this.#report,
    })
    this.#uploader = new Uploader(this.#queue, client, this.#report)
    if (spool === undefined) return
    void this.#adopt()
    this.#scanning = setInterval(() => void this.#adopt(), SPOOL_SCAN_MILLIS)
  }

  /** Resolves when the profile waits to be sent. */
  async write(given: Profile): Promise<void> {
    const { series, profile, changed, dropped } = acceptableProfile(stampedAnew(given))
    this.#report.count('uploadLabelsChanged', changed)
    this.#report.count('uploadLabelsDropped', dropped)
    const parts = encodedParts(profile, (part) => this.#encode(part))
    if (parts.length > 1) this.#report.count('profilesSplit')
    for (const { part, bytes } of parts) {
      if (bytes.length > MAX_BYTES) {
        this.#report.failed('a single sample exceeds the size that a server takes')
        this.#report.dropped('droppedUnfit')
        continue
      }
      await this.#uploader.add({
        series,
        startTimeMillis: part.startTimeMillis,
        durationMillis: part.durationNanos / 1e6,
        sampleRate: samplesPerSecond(part),
        pprof: gzipSync(bytes),
      })
    }
  }

  flush(timeUp: AbortSignal): Promise<void> {
    return this.#uploader.flush(timeUp)
  }

  async close(timeUp: AbortSignal): Promise<void> {
    clearInterval(this.#scanning)
    await this.#uploader.close(timeUp)
  }

  async #adopt(): Promise<void> {
    await this.#queue.adopt()
    this.#uploader.start()
  }

  #encode(profile: Profile): Uint8Array {
    return toPprof(profile, (frame) => placedFunctionName(frame, this.#places)).encode()
  }
}

function spoolOf(server: ServerConfig, report: PushReport): Spool | undefined {
  const { spoolDir, maxSpoolBytes, serverAddress, basicAuthUser } = server
  if (spoolDir === undefined) return undefined
  const destination = JSON.stringify([serverAddress, tenantOf(server), basicAuthUser])
  return new Spool({ directory: spoolDir, maxBytes: maxSpoolBytes, destination, report })
}

/** A header that is given by its own name goes before the option. */
function tenantOf({ httpHeaders, tenantId }: ServerConfig): string | undefined {
  const given = Object.entries(httpHeaders).find(([name]) => name.toLowerCase() === TENANT_HEADER)
  return given?.[1] ?? tenantId
}

/**
 * A profile comes when it has just ended. Where its time says otherwise the clock has been set since it
 * began, and the server would refuse a profile from the future or of long ago.
 */
function stampedAnew(profile: Profile): Profile {
  const startTimeMillis = Date.now() - profile.durationNanos / 1e6
  const step = Math.abs(startTimeMillis - profile.startTimeMillis)
  return step > MAX_CLOCK_STEP_MILLIS ? { ...profile, startTimeMillis } : profile
}

/** What a profile of bytes says here is of no account. */
function samplesPerSecond({ type, period }: Profile): number {
  return type.periodType.unit === 'nanoseconds' ? Math.round(1e9 / period) : 100
}
