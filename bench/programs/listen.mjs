import { once } from 'node:events'
import { createServer } from 'node:http'

/** @returns the URL of a server that answers with `handle`. */
export async function listen(handle) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}`
}
