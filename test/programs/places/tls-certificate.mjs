import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let made

/** A key and a certificate that nobody trusts, made by openssl. */
export function certificate() {
  made ??= make()
  return made
}

function make() {
  const directory = mkdtempSync(join(tmpdir(), 'spanprof-places-'))
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name))
  const subject = ['-subj', '/CN=localhost', '-days', '1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', ...curve, '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'ignore',
    },
  )
  const files = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(directory, { recursive: true })
  return files
}
