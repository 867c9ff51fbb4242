import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../certificate.ts'
import { startIngestServer, status } from '../../ingest-server.ts'
import { clientOf } from './client.ts'
import { closed, startTcpServer } from './tcp-server.ts'

const silent = () => {}
const answering = (text: string) => (socket: Socket) => {
  socket.write(text.replaceAll('\n', '\r\n'))
}
const breaking = (socket: Socket) => {
  answering('HTTP/1.1 200 Connected\n\n')(socket)
  socket.once('data', () => socket.end())
}

describe('a try', () => {
  const phases = [
    ['TLS is set up', 'https', {}, silent],
    ['a proxy answers CONNECT', 'https', { proxy: true }, silent],
    [
      'TLS is set up through a proxy',
      'https',
      { proxy: true },
      answering('HTTP/1.1 200 Connected\n\n'),
    ],
    ['a server answers', 'http', {}, silent],
    ['a proxy answers', 'http', { proxy: true }, silent],
  ] as const

  it.each(phases)('that is aborted before %s ends at once', async (_, protocol, via, answer) => {
    const server = await startTcpServer(answer)
    const { send } = await clientTo(server.host, protocol, via)
    const aborted = new AbortController()
    const sent = send(aborted.signal)
    const socket = await server.spoken
    aborted.abort()
    expect(await sent).toMatchObject({ outcome: 'failed' })
    await closed(socket)
  })

  it.each(phases)('ends when its time is up before %s', async (_, protocol, via, answer) => {
    const server = await startTcpServer(answer)
    const { send } = await clientTo(server.host, protocol, via, { uploadTimeoutMs: 100 })
    expect(await send()).toEqual({ outcome: 'failed', reason: 'no answer within 100 ms' })
    for (const socket of server.sockets) await closed(socket)
  })

  it('that is over does not disturb another', async () => {
    const server = await startIngestServer()
    const answers: (() => void)[] = []
    server.fault = ({ response }) => answers.push(() => response.end())
    const { send } = await clientOf(server.address)
    const aborted = new AbortController()
    const first = send(aborted.signal)
    await server.requested(1)
    const other = send()
    await server.requested(2)
    aborted.abort()
    expect(await first).toMatchObject({ outcome: 'failed' })
    answers[1]?.()
    expect(await other).toEqual({ outcome: 'taken' })
  })

  it('that was aborted before it began sends nothing', async () => {
    const server = await startIngestServer()
    const { send } = await clientOf(server.address)
    expect(await send(AbortSignal.abort())).toMatchObject({ outcome: 'failed' })
    expect(server.requests).toEqual([])
  })
})

describe('a proxy that does not connect', () => {
  it.each([
    ['closes the connection', (socket: Socket) => socket.end(), /proxy .*hang up/],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy(), /proxy .*ECONNRESET/],
    ['wants credentials', answering('HTTP/1.1 407 x\nContent-Length: 0\n\n'), /proxy .*HTTP 407/],
    ['finds no way', answering('HTTP/1.1 502 x\nContent-Length: 9\n\n'), /proxy .*HTTP 502/],
    ['breaks the tunnel', breaking, /disconnected|ECONNRESET/],
    ['speaks no HTTP', answering('garbage\n\n'), /proxy .*Parse Error/],
  ])('as it %s is asked once', async (_, answer, reason) => {
    const server = await startTcpServer(answer)
    const { send } = await clientTo(server.host, 'https', { proxy: true })
    expect(await send()).toEqual({ outcome: 'failed', reason: expect.stringMatching(reason) })
    expect(server.sockets).toHaveLength(1)
    await closed(server.sockets[0] as Socket)
  })

  it('until the try is over is not spoken to any more', async () => {
    const server = await startTcpServer(silent)
    const { send } = await clientTo(server.host, 'https', { proxy: true })
    const aborted = new AbortController()
    const sent = send(aborted.signal)
    const socket = await server.spoken
    aborted.abort()
    expect(await sent).toMatchObject({ outcome: 'failed' })
    answering('HTTP/1.1 200 Connected\n\n')(socket)
    await closed(socket)
    expect(server.sockets).toHaveLength(1)
  })
})

describe('a connection', () => {
  const refused = expect.objectContaining({ outcome: 'refused' })
  const failed = expect.objectContaining({ outcome: 'failed', reason: 'HTTP 500: full' })

  it('is used again', async () => {
    const server = await startIngestServer()
    const ports = new Set<unknown>()
    server.fault = ({ request, response }) => {
      ports.add(request.socket.remotePort)
      response.writeHead(server.requests.length % 2 === 0 ? 200 : 500).end('any')
    }
    const { send } = await clientOf(server.address)
    for (let i = 0; i < 4; i++) await send()
    expect(server.requests).toHaveLength(4)
    expect(ports.size).toBe(1)
  })

  it('through a proxy is used again', async () => {
    const server = await startTcpServer((socket) => {
      const answer = answering('HTTP/1.1 200 x\nContent-Length: 0\n\n')
      answer(socket)
      socket.on('data', (bytes) => String(bytes).startsWith('POST') && answer(socket))
    })
    const { send } = await clientTo(server.host, 'http', { proxy: true })
    for (let i = 0; i < 3; i++) expect(await send()).toEqual({ outcome: 'taken' })
    expect(server.sockets).toHaveLength(1)
  })

  it.each([
    ['200', 'HTTP/1.1 200 x\nTransfer-Encoding: chunked\n\n4\nfull\n', { outcome: 'taken' }],
    ['a redirect', 'HTTP/1.1 302 x\nLocation: /login\nContent-Length: 9\n\n', refused],
    ['500', 'HTTP/1.1 500 x\nContent-Length: 9\n\nfull', failed],
  ])('is closed at the end of a try while a body of %s comes', async (_, text, outcome) => {
    const server = await startTcpServer(answering(text))
    const { send } = await clientOf(`http://${server.host}`)
    const aborted = new AbortController()
    const sent = send(aborted.signal)
    await headersReceived()
    aborted.abort()
    expect(await sent).toEqual(outcome)
    await closed(await server.spoken)
  })

  it('is closed where a body is longer than what is read', async () => {
    const server = await startTcpServer((socket) => {
      answering('HTTP/1.1 200 x\nTransfer-Encoding: chunked\n\n2000\n')(socket)
      socket.write('x'.repeat(0x2000))
    })
    const { send } = await clientOf(`http://${server.host}`, { uploadTimeoutMs: 600_000 })
    expect(await send()).toEqual({ outcome: 'taken' })
    await closed(await server.spoken)
  })

  it('that a server closes is opened anew', async () => {
    const server = await startIngestServer()
    server.fault = status(200, '', { connection: 'close' })
    const { send } = await clientOf(server.address)
    for (let i = 0; i < 3; i++) expect(await send()).toEqual({ outcome: 'taken' })
  })

  it('is closed with the client', async () => {
    const server = await startIngestServer({ tls: selfSignedCertificate() })
    const sockets: Socket[] = []
    server.fault = ({ request, response }) => {
      sockets.push(request.socket)
      response.end()
    }
    const { send, close } = await clientOf(server.address, { tls: { insecureSkipVerify: true } })
    await send()
    close()
    await closed(sockets[0] as Socket)
  })
})

/** Resolves when a client has received the headers of the next answer. */
function headersReceived(): Promise<void> {
  return new Promise((resolve) => {
    const told = () => {
      unsubscribe('undici:request:headers', told)
      resolve()
    }
    subscribe('undici:request:headers', told)
  })
}

function clientTo(
  host: string,
  protocol: 'http' | 'https',
  { proxy = false },
  options: { uploadTimeoutMs?: number } = {},
) {
  return proxy
    ? clientOf(`${protocol}://127.0.0.1:1`, options, { HTTP_PROXY: host })
    : clientOf(`${protocol}://${host}`, options)
}
