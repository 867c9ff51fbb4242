import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { selfSignedCertificate } from '../../certificate.ts'
import { raw, startIngestServer, status } from '../../ingest-server.ts'
import { fold, windowOf } from '../windows.ts'
import { clientOf } from './client.ts'
import { pushTo } from './push.ts'

const profile = fold(windowOf([{ stack: 'main;work' }]))

afterEach(() => vi.restoreAllMocks())

describe('a certificate', () => {
  const certificate = selfSignedCertificate()

  it('that nobody vouches for gets no profile', async () => {
    const server = await startIngestServer({ tls: certificate })
    const { sink, counts, lines, flush } = await pushTo(server.address, { uploadDeadlineMs: 0 })
    await sink.write(profile)
    await flush()
    expect(server.requests).toEqual([])
    expect(counts()).toEqual({ dropped: 1, droppedDeadline: 1 })
    expect(lines).toEqual([expect.stringMatching(/self.signed certificate/)])
  })

  it('for another name gets no profile', async () => {
    const server = await startIngestServer({ tls: certificate })
    const { sink, counts, lines, flush } = await pushTo(`https://localhost:${server.port}`, {
      uploadDeadlineMs: 0,
      tls: { caFile: certificate.certFile },
    })
    await sink.write(profile)
    await flush()
    expect(server.requests).toEqual([])
    expect(counts()).toEqual({ dropped: 1, droppedDeadline: 1 })
    expect(lines).toEqual([expect.stringContaining('localhost')])
  })

  it.each([{ caFile: certificate.certFile }, { insecureSkipVerify: true }])(
    'is taken where %j says so',
    async (tls) => {
      const server = await startIngestServer({ tls: certificate })
      const { sink, counts, flush } = await pushTo(server.address, { tls })
      await sink.write(profile)
      await flush()
      expect(counts()).toMatchObject({ uploads: 1 })
    },
  )

  it('of the client is shown to the server', async () => {
    const { cert, key, certFile, keyFile } = certificate
    const mutual = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }
    const server = await startIngestServer({ tls: mutual })
    const { sink, flush } = await pushTo(server.address, {
      tls: { caFile: certFile, certFile, keyFile },
    })
    await sink.write(profile)
    await flush()
    expect(server.profiles).toHaveLength(1)
  })
})

describe('a proxy', () => {
  it.each(['http', 'https'] as const)('is used for %s, with its credentials', async (protocol) => {
    const certificate = selfSignedCertificate()
    const server = await startIngestServer(protocol === 'https' ? { tls: certificate } : {})
    const proxy = await startProxy()
    const variable = `${protocol.toUpperCase()}_PROXY`
    const { sink, counts, flush } = await pushTo(
      server.address,
      protocol === 'https' ? { tls: { caFile: certificate.certFile } } : {},
      { [variable]: `ann:s3cret@127.0.0.1:${proxy.port}` },
    )
    await sink.write(profile)
    await flush()
    expect(counts()).toMatchObject({ uploads: 1 })
    expect(proxy.requests).toEqual([
      {
        target: protocol === 'https' ? `127.0.0.1:${server.port}` : `${server.address}/ingest`,
        authorization: `Basic ${btoa('ann:s3cret')}`,
      },
    ])
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  it.each(['127.0.0.1', '*', 'elsewhere,127.0.0.1'])(
    'is passed by where NO_PROXY is %s',
    async (none) => {
      const server = await startIngestServer()
      const proxy = await startProxy()
      const { sink, counts, flush } = await pushTo(
        server.address,
        {},
        {
          http_proxy: `http://127.0.0.1:${proxy.port}`,
          NO_PROXY: none,
        },
      )
      await sink.write(profile)
      await flush()
      expect(counts()).toMatchObject({ uploads: 1 })
      expect(proxy.requests).toEqual([])
    },
  )

  it.each([
    ['ann:100%', 'ann:100%'],
    ['ann:p%40ss', 'ann:p@ss'],
    ['tok3n:', 'tok3n:'],
    ['tok3n', 'tok3n:'],
  ])('gets the credentials %s', async (written, meant) => {
    const server = await startIngestServer()
    const proxy = await startProxy()
    const { send } = await clientOf(
      server.address,
      {},
      { HTTP_PROXY: `http://${written}@127.0.0.1:${proxy.port}` },
    )
    await send()
    expect(proxy.requests).toMatchObject([{ authorization: `Basic ${btoa(meant)}` }])
  })

  it('that is down is named as the reason', async () => {
    const server = await startIngestServer()
    const { sink, lines, counts, flush } = await pushTo(
      server.address,
      { uploadDeadlineMs: 0 },
      { HTTP_PROXY: 'http://ann:s3cret@127.0.0.1:1' },
    )
    await sink.write(profile)
    await flush()
    expect(counts()).toMatchObject({ droppedDeadline: 1 })
    expect(lines).toEqual([expect.stringContaining('ECONNREFUSED 127.0.0.1:1')])
    expect(lines.join()).not.toContain('s3cret')
  })
})

describe('secrets', () => {
  const authorizations = (request: { headers: NodeJS.Dict<string | string[]> }) =>
    JSON.stringify(request.headers)

  it.each([
    ['authToken', { authToken: 's3cret"token' }],
    ['basicAuthPassword', { basicAuthUser: 'ann', basicAuthPassword: 's3cret' }],
    ['httpHeaders', { httpHeaders: { 'x-api-key': 's3cret' } }],
  ])('in %s are in no log, though the server sends them back', async (_, options) => {
    const server = await startIngestServer()
    const text = { body: '' }
    server.fault = ({ request, response }) => {
      text.body = `${authorizations(request)} ${encodeURIComponent('s3cret"token')}`
      response.writeHead(401).end(text.body)
    }
    const { sink, lines, flush } = await pushTo(server.address, options)
    await sink.write(profile)
    await flush()
    expect(text.body).toMatch(/s3cret|Basic/)
    expect(lines).toEqual([expect.stringContaining('HTTP 401: {"')])
    expect(lines[0]).not.toMatch(new RegExp(`s3cret|${btoa('ann:s3cret')}`))
    expect(lines[0]).toContain('***')
  })

  const basic = `Basic ${btoa('ann:s3cret')}`

  it.each([
    [{ authorization: 'Bearer s3cret' }, 's3cret'],
    [{ authorization: 'Bearer s3cret' }, 'Bearer\ts3cret'],
    [{ authorization: basic }, basic.slice(6)],
    [{ authorization: basic }, 'ann:s3cret'],
    [{ authorization: basic }, 's3cret'],
    [{ cookie: 'theme=dark; session=s3cret' }, 's3cret'],
    [{ 'x-keys': 'first,s3cret' }, 's3cret'],
    [{ 'x-api-key': 's3cret\tkey' }, 's3cret\tkey'],
    [{ 'x-api-key': 's3<ret' }, String.raw`{"message":{"key":"s3\u003cret"}}`],
    [{ 'x-api-key': 's3<ret' }, 's3%3cret'],
  ])('in the headers %j are not shown when a server says %s', async (httpHeaders, said) => {
    const server = await startIngestServer()
    server.fault = status(401, said)
    const { send } = await clientOf(server.address, { httpHeaders })
    const { reason } = { reason: '', ...(await send()) }
    expect(reason).toContain('***')
    expect(reason).not.toMatch(/s3|ret|YW5uO/)
  })

  it.each([
    ['http://ann:s3cret@', 's3cret'],
    ['http://ann:s3cret@', btoa('ann:s3cret')],
    ['http://tok3n:@', 'tok3n'],
    ['http://tok3n@', btoa('tok3n:')],
  ])('of the proxy %s are not shown when it says %s', async (prefix, said) => {
    const proxy = await startIngestServer()
    proxy.fault = status(403, `not ${said}!`)
    const variables = { HTTP_PROXY: `${prefix}127.0.0.1:${proxy.port}` }
    const { send } = await clientOf('http://127.0.0.1:1', {}, variables)
    expect(await send()).toEqual({ outcome: 'refused', reason: 'HTTP 403: not ***!' })
  })

  it('in the query of the address are not shown', async () => {
    const server = await startIngestServer()
    server.fault = ({ request, response }) => response.writeHead(403).end(request.url)
    const { send } = await clientOf(`${server.address}?token=s3+cr%2fet`)
    const { reason } = { reason: '', ...(await send()) }
    expect(reason).toContain('token=***&')
  })

  it.each([
    ['is read no further', (half: string) => half + 'x'.repeat(5000)],
    ['breaks off', (half: string) => half],
  ])('are not shown in half where an answer %s', async (_, bodyFrom) => {
    const server = await startIngestServer()
    const half = `${'is it '.padEnd(4096 - 4, '\0')}s3cr`
    const body = bodyFrom(half)
    server.fault = raw(`HTTP/1.1 403 x\r\nContent-Length: 9999\r\n\r\n${body}`)
    const { send } = await clientOf(server.address, { authToken: 's3cret' })
    expect(await send()).toEqual({ outcome: 'refused', reason: 'HTTP 403: is it' })
  })

  it('in the address are in no log', async () => {
    const server = await startIngestServer()
    server.fault = status(500, 'is it s3cret?')
    const { sink, lines } = await pushTo(server.address.replace('//', '//ann:s3cret@'))
    await sink.write(profile)
    await server.requested(2)
    expect(lines).toEqual([
      `warn: cannot upload profiles to ${server.address}: HTTP 500: is it ***?`,
    ])
  })
})

describe('what a server says', () => {
  it.each([
    ['{"code":"x","message":"of JSON"}', 'HTTP 400: of JSON'],
    ['<html>of a proxy\u0007\r\n</html>', 'HTTP 400: <html>of a proxy </html>'],
    ['{"message":{"deep":1}}', 'HTTP 400: {"message":{"deep":1}}'],
    ['', 'HTTP 400'],
    ['x'.repeat(5000), `HTTP 400: ${'x'.repeat(300)}`],
  ])('such as %.20s is shown on one line', async (body, shown) => {
    const server = await startIngestServer()
    server.faults.push(status(400, body))
    const { sink, lines, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    expect(lines).toEqual([`warn: ${server.address} refuses profiles, they are lost: ${shown}`])
  })

  it('is not shown where it is compressed, and not asked for like that', async () => {
    const server = await startIngestServer()
    server.fault = ({ response }) => {
      response.writeHead(502, { 'content-encoding': 'gzip' }).end(gzipSync('no way'))
    }
    const { send } = await clientOf(server.address)
    expect(await send()).toEqual({ outcome: 'failed', reason: 'HTTP 502' })
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each([408, 422, 425, 429, 500, 503])('by %s is worth another try', async (code) => {
    const server = await startIngestServer()
    server.fault = status(code)
    const { send } = await clientOf(server.address)
    expect(await send()).toEqual({ outcome: 'failed', reason: `HTTP ${code}` })
  })

  it('is told as far as it came where the connection breaks', async () => {
    const server = await startIngestServer()
    server.faults.push(raw('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nnot you'))
    const { sink, lines, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    expect(lines).toEqual([expect.stringContaining('HTTP 403: not you')])
  })
})

/** A proxy that notes what it is asked for, and does it. */
async function startProxy() {
  const requests: { target: string | undefined; authorization: string | undefined }[] = []
  const proxy = createServer((request, response) => {
    const target = request.url?.split('?')[0]
    requests.push({ target, authorization: request.headers['proxy-authorization'] })
    const { 'proxy-authorization': _, ...headers } = request.headers
    const onward = httpRequest(request.url ?? '', { method: 'POST', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  proxy.on('connect', (request, socket) => {
    requests.push({ target: request.url, authorization: request.headers['proxy-authorization'] })
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    for (const each of [socket, onward]) each.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return { requests, port: (proxy.address() as AddressInfo).port }
}
