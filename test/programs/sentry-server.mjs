// An Express server with GraphQL under Sentry, which answers several requests at once.
//   node sentry-server.mjs <output directory> <folder of the packages> <way> <instrumentation>
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { waits } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { initSentry } from './sentry-app.mjs'
import { notedPlaces } from './span-places.mjs'
import { writeFacts } from './tracing.mjs'

const [outputDir, folder, way, instrumentation] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { spanProcessors, stop } = await joinSpanprof(way)
const { Sentry, recordedSpans } = initSentry(require, (Sentry) => {
  if (instrumentation === 'tracing channels') Sentry.experimentalUseDiagnosticsChannelInjection()
  const resolvers = { ignoreResolveSpans: false, ignoreTrivialResolveSpans: false }
  return {
    integrations: [Sentry.graphqlIntegration(resolvers)],
    openTelemetrySpanProcessors: spanProcessors,
  }
})
const { places, burn } = notedPlaces(() => Sentry.getActiveSpan())

// Required after Sentry, as its instrumentations need it.
const express = require('express')
const http = require('node:http')
const { buildSchema, graphql } = require('graphql')

// Another service, which no instrumentation sees.
const upstream = createTcpServer((socket) => {
  socket.once('data', () =>
    socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'),
  )
})
await once(upstream.listen(0, '127.0.0.1'), 'listening')
const upstreamUrl = `http://127.0.0.1:${upstream.address().port}`

const schema = buildSchema(`
  type Query { users: [User], count: Int }
  type User { name: String, posts: [Post] }
  type Post { title: String }
`)
const resolved = (id, field, value) => () => {
  burn(`${id}, resolver of ${field}`)
  return value
}
const resolvedLater = (id, field, value) => async () => {
  burn(`${id}, resolver of ${field}, at once`)
  await waits(`${id}, resolver of ${field}`, burn)
  return value
}
function rootValue(id) {
  const post = { title: resolved(id, 'title', 'Title') }
  const user = (name) => ({
    name: resolvedLater(id, `name ${name}`, name),
    posts: resolvedLater(id, `posts of ${name}`, [post]),
  })
  return {
    count: resolved(id, 'count', 2),
    users: resolvedLater(id, 'users', [user('Ada'), user('Bob')]),
  }
}

async function query(id) {
  const source = '{ count users { name posts { title } } }'
  const { errors } = await graphql({ schema, source, rootValue: rootValue(id) })
  if (errors) throw errors[0]
}

const app = express()
app.use((request, response, next) => {
  const id = request.query.id
  burn(`${id}, middleware`)
  response.once('finish', () => burn(`${id}, finish`))
  setImmediate(() => {
    burn(`${id}, middleware, later`)
    next()
  })
})
app.use(async (request, _response, next) => {
  await waits(`${request.query.id}, async middleware`, burn)
  next()
})
const router = express.Router()
router.get('/:name', async (request, response) => {
  const id = request.query.id
  burn(`${id}, handler`)
  await waits(`${id}, handler`, burn)
  await Sentry.startSpan({ name: 'load' }, async () => {
    burn(`${id}, span`)
    await waits(`${id}, span`, burn)
  })
  burn(`${id}, after the span`)
  await (await fetch(upstreamUrl)).text()
  burn(`${id}, after fetch`)
  await new Promise((resolve) =>
    http.get(upstreamUrl, (answer) => {
      burn(`${id}, answer`)
      answer.resume().once('end', () => {
        burn(`${id}, end of the answer`)
        resolve()
      })
    }),
  )
  burn(`${id}, after http.get`)
  await query(id)
  burn(`${id}, after graphql`)
  response.send('ok')
  burn(`${id}, after send`)
})
app.use('/users', router)
const server = http.createServer(app)
await once(server.listen(0, '127.0.0.1'), 'listening')

/** By a socket, which no instrumentation sees: the request has no span and no context here. */
async function ask(id, header = '') {
  const socket = connect(server.address().port, '127.0.0.1')
  socket.write(`GET /users/me?id=${id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}\r\n`)
  socket.resume()
  await once(socket, 'close')
}

const trace = 'sentry-trace: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1\r\n'
await Promise.all([ask('a'), ask('b'), ask('c', trace)])
burn('after all')
server.close()
upstream.close()
await stop()
writeFacts(outputDir, { places, spans: recordedSpans() })
