import { onTestFinished } from 'vitest'
import { type Answer, IngestClient } from '../../../src/export/pyroscope/ingest-client.ts'
import { resolveServerOptions, type ServerOptions } from '../../../src/options/server-options.ts'
import { readTlsMaterial } from '../../../src/options/tls-material.ts'

export interface Client {
  /** Tries to upload a profile. */
  send(aborted?: AbortSignal): Promise<Answer>
  close(): void
}

/** A client for a server, which is closed after the test. */
export async function clientOf(
  serverAddress: string,
  options: ServerOptions = {},
  environment: Record<string, string> = {},
): Promise<Client> {
  const server = resolveServerOptions({ serverAddress, ...options }, environment)
  if (server === undefined) throw new Error('no server')
  const client = new IngestClient({ ...server, tls: await readTlsMaterial(server.tls) })
  onTestFinished(() => client.close())
  const upload = {
    series: 'shop',
    startTimeMillis: Date.now(),
    durationMillis: 1000,
    sampleRate: 100,
    pprof: new Uint8Array(0),
  }
  return {
    send: (aborted = new AbortController().signal) => client.send(upload, aborted),
    close: () => client.close(),
  }
}
