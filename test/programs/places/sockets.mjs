// Sockets and servers. What a server does for a connection belongs to nobody, unless it opens a scope.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { createRequire } from 'node:module'
import net from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { called, marked, scope } from './probe.mjs'
import { certificate } from './tls-certificate.mjs'

const { HTTPParser } = createRequire(import.meta.url)('_http_common')

const listening = async (server) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server.address().port
}
const closed = (server) => called((done) => server.close(done))

/** Two streams in JavaScript, each of which reads what the other writes. */
function pair() {
  const [a, b] = [new PassThrough(), new PassThrough()]
  return [Duplex.from({ readable: a, writable: b }), Duplex.from({ readable: b, writable: a })]
}

/** One for all, so that its sockets serve one scope after the other. */
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
let shared

/** A server for all who ask for it at once; it is closed when the last one has left. */
async function sharedServer(mark) {
  shared ??= { users: 0, server: http.createServer(answerInScope(mark)) }
  shared.users++
  const { server } = shared
  shared.port ??= listening(server)
  return {
    port: await shared.port,
    async leave() {
      if (--shared.users > 0) return
      shared = undefined
      agent.destroy()
      await closed(server)
    },
  }
}

function answerInScope(mark) {
  return (request, response) => {
    mark('request')
    scope(request.headers['x-label'], () => {
      mark('request in its scope')
      request.on('data', () => mark('request data'))
      request.on('end', () => {
        mark('request end')
        response.end('text')
      })
      response.on('finish', () => mark('response finish'))
      response.on('close', () => mark('response close'))
    })
    mark('after a request')
  }
}

export const sockets = {
  async net(mark) {
    const server = net.createServer((socket) => {
      mark('connection')
      socket.on('data', (data) => socket.end(data))
      socket.on('end', () => mark('server end'))
    })
    const port = await listening(server)
    await called((done) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        mark('connect')
        socket.write('text', () => mark('written'))
      })
      socket.on('data', () => mark('data'))
      socket.on('end', () => mark('end'))
      socket.on('close', marked('net: close', done))
    })
    await called((done) => net.connect(1, '127.0.0.1').on('error', marked('net: error', done)))
    await called((done) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.setTimeout(5, () => {
        mark('timeout')
        socket.destroy()
        done()
      })
    })
    await closed(server)
  },
  async 'a server in whose scope each connection runs'(mark) {
    const server = net.createServer((socket) =>
      scope('connection', () => {
        mark('connection')
        socket.on('data', (data) => {
          mark('data of the server')
          socket.end(data)
        })
      }),
    )
    const port = await listening(server)
    const socket = net.connect(port, '127.0.0.1')
    socket.write('text')
    await once(socket.resume(), 'close')
    mark('after it')
    await closed(server)
  },
  async tls(mark) {
    const server = tls.createServer(certificate(), (socket) => {
      mark('connection')
      socket.on('data', (data) => {
        mark('server data')
        socket.end(data)
      })
    })
    const port = await listening(server)
    await called((done) => {
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
      const socket = tls.connect(options, () => {
        mark('secureConnect')
        socket.write('text')
      })
      socket.on('data', () => mark('data'))
      socket.on('close', marked('tls: close', done))
    })
    await closed(server)
  },
  async 'tls over a stream in JavaScript'(mark) {
    const [left, right] = pair()
    const server = scope('server', () => {
      const socket = new tls.TLSSocket(right, { isServer: true, ...certificate() })
      socket.on('data', (data) => {
        mark('server data')
        socket.write(data)
      })
      return socket
    })
    const client = tls.connect({ socket: left, rejectUnauthorized: false })
    await once(client, 'secureConnect')
    mark('secureConnect')
    const answer = once(client, 'data')
    client.write('text')
    mark('right after a write')
    await answer
    mark('data')
    client.on('error', () => {})
    server.on('error', () => {})
    client.destroy()
    server.destroy()
  },
  async 'streams in JavaScript that write to each other'(mark) {
    const [left, right] = pair()
    scope('right', () => right.on('data', () => mark('data of the other')))
    left.write('text')
    mark('right after a write')
    await sleep(1)
    mark('later')
  },
  async dgram(mark) {
    const socket = createSocket('udp4')
    await called((done) => socket.bind(0, '127.0.0.1', marked('dgram: listening', done)))
    await called((done) => {
      socket.once('message', marked('dgram: message', done))
      socket.send('text', socket.address().port, '127.0.0.1', () => mark('sent'))
    })
    await called((done) => socket.close(marked('dgram: close', done)))
  },
  async http(mark) {
    const { port, leave } = await sharedServer(mark)
    for (let i = 0; i < 3; i++) {
      await called((done) => {
        const headers = { 'x-label': `request ${i}` }
        const options = { port, host: '127.0.0.1', method: 'POST', agent, headers }
        const request = http.request(options, (response) => {
          mark('response')
          response.on('data', () => mark('response data'))
          response.on('end', marked('http: response end', done))
        })
        request.on('socket', () => mark('socket'))
        request.on('finish', () => mark('request finish'))
        request.end('body')
      })
      mark('after it')
    }
    await leave()
  },
  async 'an http request that is aborted'(mark) {
    const server = http.createServer((request, response) => {
      response.on('close', () => mark('response close'))
      request.on('close', () => mark('request close'))
    })
    const port = await listening(server)
    await called((done) => {
      const request = http.get({ port, host: '127.0.0.1' })
      request.on('error', () => mark('error'))
      request.on('close', marked('an http request that is aborted: close', done))
      setTimeout(() => request.destroy(new Error('expected')), 10)
    })
    server.closeAllConnections()
    await closed(server)
  },
  async 'an http upgrade'(mark) {
    const server = http.createServer()
    server.on('upgrade', (_request, socket) => {
      mark('server upgrade')
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
    })
    const port = await listening(server)
    await called((done) => {
      const headers = { connection: 'upgrade', upgrade: 'x' }
      const request = http.get({ port, host: '127.0.0.1', headers })
      request.on('upgrade', (_response, socket) => {
        mark('upgrade')
        socket.on('close', marked('an http upgrade: close', done)).resume()
      })
    })
    await closed(server)
  },
  async 'an http parser that is fed by hand'(mark) {
    const parser = scope('parser', () => {
      const made = new HTTPParser()
      made.initialize(HTTPParser.REQUEST, {})
      made[HTTPParser.kOnHeadersComplete] = () => mark('headers')
      return made
    })
    parser.execute(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'))
    mark('right after it')
    parser.close()
  },
  async fetch(mark) {
    const server = http.createServer((request, response) => {
      mark('request')
      request.resume().on('end', () => response.end('text'))
    })
    const port = await listening(server)
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'body' })
      mark('response')
      await response.text()
      mark('body')
    }
    server.closeAllConnections()
    await closed(server)
  },
  async http2(mark) {
    const server = http2.createServer()
    server.on('session', () => mark('server session'))
    server.on('stream', (stream) => {
      mark('server stream')
      scope('stream', () => {
        stream.on('close', () => mark('server stream close'))
        stream.respond()
        stream.end('text')
      })
      mark('after a server stream')
    })
    const port = await listening(server)
    const client = http2.connect(`http://127.0.0.1:${port}`)
    await called((done) => client.on('connect', marked('http2: connect', done)))
    await called((done) => client.ping(marked('http2: ping', done)))
    for (let i = 0; i < 2; i++) {
      await called((done) => {
        const stream = client.request({ ':path': '/' })
        stream.on('response', () => mark('response'))
        stream.on('data', () => mark('data'))
        stream.on('end', () => mark('end'))
        stream.on('close', marked('http2: close', done))
      })
    }
    await called((done) => client.close(marked('http2: session close', done)))
    await closed(server)
  },
  async 'http2 errors'(mark) {
    const server = http2.createServer()
    server.on('stream', (stream) => {
      stream.on('error', () => mark('server error'))
      stream.on('aborted', () => mark('aborted'))
      if (stream.session.goneAway === undefined) stream.respond()
    })
    server.on('sessionError', () => {})
    const port = await listening(server)
    const client = http2.connect(`http://127.0.0.1:${port}`)
    client.on('error', () => mark('session error'))
    await called((done) => {
      const stream = client.request({ ':path': '/' })
      stream.on('error', () => mark('error'))
      stream.on('close', marked('http2 errors: close', done))
      stream.on('response', () => stream.close(http2.constants.NGHTTP2_CANCEL))
    })
    await called((done) => {
      client.on('close', marked('http2 errors: session close', done))
      client.destroy(new Error('expected'))
    })
    await closed(server)
  },
}
