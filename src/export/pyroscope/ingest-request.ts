import { randomUUID } from 'node:crypto'
import type { Upload } from './upload.js'

/** One POST to a Pyroscope's `/ingest`. */
export interface IngestRequest {
  readonly url: URL
  readonly contentType: string
  readonly body: Uint8Array
}

/** @param serverAddress may have a path, which goes before `/ingest`. */
export function ingestRequest(upload: Upload, serverAddress: string): IngestRequest {
  const url = new URL(serverAddress)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/ingest`
  url.hash = ''
  const query = {
    name: upload.series,
    // So many digits that the server takes them as milliseconds.
    from: String(Math.round(upload.startTimeMillis)).padStart(13, '0'),
    until: String(Math.round(upload.startTimeMillis + upload.durationMillis)).padStart(13, '0'),
    spyName: 'nodespy',
    sampleRate: String(upload.sampleRate),
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const boundary = `spanprof-${randomUUID()}`
  return {
    url,
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([
      // The server passes over a part without a file name.
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="profile"; filename="profile.pb.gz"\r\nContent-Type: application/octet-stream\r\n\r\n`,
      ),
      upload.pprof,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  }
}
