import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface TcpServer {
  /** Host and port. */
  readonly host: string
  /** All that have come. */
  readonly sockets: readonly Socket[]
  /** Resolves with the first that has been sent something. */
  readonly spoken: Promise<Socket>
}

/** A server that does with a connection what a test wants, which starts when the first bytes come. */
export async function startTcpServer(answer: (socket: Socket) => void): Promise<TcpServer> {
  const sockets: Socket[] = []
  let tell: (socket: Socket) => void = () => {}
  const spoken = new Promise<Socket>((resolve) => {
    tell = resolve
  })
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      answer(socket)
      tell(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, spoken }
}

/** Resolves when the other side has closed it. */
export async function closed(socket: Socket): Promise<void> {
  socket.resume()
  // Not `once`, which rejects where it was reset.
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}
