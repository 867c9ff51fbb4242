import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { SpanprofError } from '../errors.js'
import type { TlsOptions } from './server-options.js'

/** What the PEM files of {@link TlsOptions} hold, as Node's TLS takes it. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: boolean
}

/** @throws {SpanprofError} `ERR_INVALID_OPTION` for a file that is missing or no PEM. */
export async function readTlsMaterial(options: TlsOptions): Promise<TlsMaterial> {
  const { caFile, certFile, keyFile, insecureSkipVerify = false } = options
  const ca = await pem('tls.caFile', caFile, (text) => new X509Certificate(text))
  const cert = await pem('tls.certFile', certFile, (text) => new X509Certificate(text))
  const key = await pem('tls.keyFile', keyFile, (text) => {
    createSecureContext({ key: text, ...(cert !== undefined && { cert }) })
  })
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: !insecureSkipVerify,
  }
}

async function pem(
  option: string,
  file: string | undefined,
  check: (text: string) => unknown,
): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    const text = await readFile(file, 'utf8')
    check(text)
    return text
  } catch (cause) {
    const message = `${option} '${file}' cannot be used: ${(cause as Error).message}`
    throw new SpanprofError('ERR_INVALID_OPTION', message, { cause })
  }
}
