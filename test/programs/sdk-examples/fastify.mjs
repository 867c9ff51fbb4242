// Pull with Fastify, beside a push.
import Fastify from 'fastify'
import Pyroscope from 'spanprof'
import work from './work.cjs'

Pyroscope.init({ serverAddress: process.env.SERVER, appName: 'myNodeService' })
Pyroscope.start()
const app = Fastify()
await app.register(Pyroscope.fastifyMiddleware())
app.get('/', async () => {
  Pyroscope.wrapWithLabels({ route: 'home' }, () => work.busy(20))
  return 'Hello World!'
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(app.server.address().port)
