// The shop's customers, in a process of their own so that only the shop is profiled. They send one
// request after the other until they are told to leave, and then say what went wrong.
//
//   fork('customers.mjs', [port])   →  'leave'   ←  { failures }
import { Agent, request } from 'node:http'
import { requestDeck } from './request-deck.mjs'

const CUSTOMERS = 12

const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: CUSTOMERS })
const deck = requestDeck()
let orders = 0
const failures = []
let leaving = false

process.once('message', () => {
  leaving = true
})
// A shop that has died must not leave its customers behind.
process.once('disconnect', () => process.exit())

await Promise.all(Array.from({ length: CUSTOMERS }, customer))
agent.destroy()
process.send({ failures }, () => process.disconnect())

async function customer() {
  while (!leaving) {
    const { tenant, route, size } = deck.next().value
    try {
      await post(`/${tenant}/${route}`, { number: orders++, size })
    } catch (error) {
      failures.push(`POST /${tenant}/${route}: ${error.message}`)
      leaving = true // The demo is about a shop that works; the first failure says enough.
    }
  }
}

function post(path, order) {
  const body = JSON.stringify(order)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'POST', path, agent, headers })
      .once('error', reject)
      .once('response', (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`))
        response.once('error', reject).once('end', resolve).resume()
      })
      .end(body)
  })
}
