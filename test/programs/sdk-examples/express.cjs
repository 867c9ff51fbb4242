// Pull with Express: nothing is started, the middleware is all.
const express = require('express')
const Pyroscope = require('spanprof')
const { expressMiddleware } = Pyroscope
const { busy } = require('./work.cjs')

const app = express()
Pyroscope.init()
app.use(expressMiddleware())
app.get('/', (_request, response) => {
  Pyroscope.wrapWithLabels({ route: 'home' }, () => busy(20))
  response.send('Hello World!')
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
