import { describe, expect, it } from 'vitest'
import { isFollowed, redirectTarget } from '../../../src/export/pyroscope/redirect.ts'
import { selfSignedCertificate } from '../../certificate.ts'
import { startIngestServer, status } from '../../ingest-server.ts'
import { clientOf } from './client.ts'

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('by %s takes the profile and credentials along', async (code) => {
    const server = await startIngestServer()
    server.faults.push(status(code, '', { location: '/there/ingest?name=shop' }))
    const { send } = await clientOf(server.address, { authToken: 't0ken' })
    expect(await send()).toEqual({ outcome: 'taken' })
    const [first, second] = server.requests
    expect(second).toMatchObject({ method: 'POST', path: '/there/ingest', status: 200 })
    for (const name of ['authorization', 'content-type', 'content-length']) {
      expect(second?.headers[name]).toBe(first?.headers[name])
    }
  })

  it('by 303 is a refusal', async () => {
    const server = await startIngestServer()
    server.fault = status(303, '', { location: '/ingest' })
    const { send } = await clientOf(server.address)
    expect(await send()).toMatchObject({ outcome: 'refused' })
    expect(server.requests).toHaveLength(1)
  })

  it('to a page to log in is a refusal', async () => {
    const server = await startIngestServer()
    server.faults.push(status(302, '', { location: '/login?next=/ingest' }))
    server.fault = status(200)
    const { send } = await clientOf(server.address)
    expect(await send()).toEqual({
      outcome: 'refused',
      reason: `HTTP 302: it redirects to ${server.address}/login, which is not followed`,
    })
    expect(server.requests).toHaveLength(1)
  })

  it('shows no secret', async () => {
    const server = await startIngestServer()
    server.fault = status(302, '', { location: '/login/s3cret' })
    const { send } = await clientOf(server.address, { authToken: 's3cret' })
    expect(await send()).toMatchObject({ reason: expect.stringContaining('/login/***') })
  })

  it('from HTTPS to HTTP is not followed', async () => {
    const plain = await startIngestServer()
    const server = await startIngestServer({ tls: selfSignedCertificate() })
    server.fault = status(307, '', { location: `${plain.address}/ingest` })
    const { send } = await clientOf(server.address, { tls: { insecureSkipVerify: true } })
    expect(await send()).toMatchObject({ outcome: 'refused' })
    expect(plain.requests).toEqual([])
  })

  it.each([
    ['http://host/ingest', '/there/ingest?name=shop', true],
    ['http://host/a/ingest', '../b/ingest', true],
    ['http://host:4040/ingest', 'http://host:4040/b/ingest', true],
    ['http://host/ingest', 'https://host/ingest', true],
    ['http://host/ingest', 'https://host:443/ingest', true],
    ['http://host/ingest', 'https://other/ingest', false],
    ['http://host/ingest', 'https://host:4443/ingest', false],
    ['http://host:4040/ingest', 'https://host/ingest', false],
    ['https://host/ingest', 'http://host/ingest', false],
    ['https://host/ingest', 'http://host:443/ingest', false],
    ['http://host/ingest', 'http://host:4040/ingest', false],
    ['http://host/ingest', '//other/ingest', false],
    ['http://host/ingest', 'ftp://host/ingest', false],
    ['http://host/ingest', '/login', false],
    ['http://host/ingest', '/login?to=/ingest', false],
  ])('from %s to %s is followed: %s', (from, to, followed) => {
    const target = redirectTarget(new URL(from), 307, to)
    expect(target && isFollowed(new URL(from), target)).toBe(followed)
  })
})
