import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTlsMaterial } from '../../src/options/tls-material.ts'
import { selfSignedCertificate } from '../certificate.ts'
import { temporaryDirectory } from '../program.ts'

const { cert, key, certFile, keyFile } = selfSignedCertificate()
const noPem = join(temporaryDirectory(), 'no.pem')
writeFileSync(noPem, 'no certificate at all')

describe('PEM files', () => {
  it('are read', async () => {
    const files = { caFile: certFile, certFile, keyFile, insecureSkipVerify: true }
    expect(await readTlsMaterial(files)).toEqual({ ca: cert, cert, key, rejectUnauthorized: false })
  })

  it('need not be', async () => {
    expect(await readTlsMaterial({})).toEqual({ rejectUnauthorized: true })
  })

  it.each([
    [{ caFile: '/nowhere.pem' }, 'tls.caFile', 'ENOENT'],
    [{ caFile: noPem }, 'tls.caFile', noPem],
    [{ certFile: noPem, keyFile }, 'tls.certFile', noPem],
    [{ certFile, keyFile: noPem }, 'tls.keyFile', noPem],
    [{ certFile, keyFile: selfSignedCertificate().keyFile }, 'tls.keyFile', 'mismatch'],
  ])('that are none are refused, naming option and file: %#', async (files, ...parts) => {
    const error = await readTlsMaterial(files).catch((reason) => reason)
    expect(error.code).toBe('ERR_INVALID_OPTION')
    for (const part of parts) expect(error.message).toContain(part)
    expect(error.message).not.toContain('PRIVATE')
  })
})
