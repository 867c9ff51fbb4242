import fs from 'node:fs'
import {
  compose,
  Duplex,
  finished,
  PassThrough,
  pipeline,
  Readable,
  Transform,
  Writable,
} from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline as piped, finished as whenFinished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { called, marked, scope } from './probe.mjs'

const here = new URL(import.meta.url)

export const streams = {
  async 'Readable.from'(mark) {
    for await (const _ of Readable.from([1, 2])) mark()
  },
  async 'operators of a Readable'(mark) {
    const numbers = Readable.from([1, 2]).map(async (each) => {
      mark('map')
      await sleep(1)
      mark('map, after an await')
      return each
    })
    await numbers.toArray()
    mark('toArray')
  },
  'a file stream': (mark) =>
    called((done) => {
      const stream = fs.createReadStream(here, { highWaterMark: 1024 })
      stream.on('open', () => mark('open'))
      stream.on('data', () => mark('data'))
      stream.on('close', marked('a file stream: close', done))
    }),
  async pipeline(mark) {
    const transform = new Transform({
      transform(chunk, _encoding, done) {
        mark('transform')
        done(null, chunk)
      },
      flush(done) {
        mark('flush')
        done()
      },
    })
    await called((done) =>
      pipeline(
        Readable.from(['a', 'b']),
        transform,
        async (source) => {
          for await (const _ of source) mark('its end')
        },
        marked('pipeline: callback', done),
      ),
    )
    await piped(Readable.from(['a']), new PassThrough().resume())
    mark('promise')
  },
  async finished(mark) {
    const stream = new PassThrough().resume()
    const callback = called((done) => finished(stream, marked('finished: callback', done)))
    stream.end()
    await callback
    await called((done) => finished(stream, marked('finished: of a stream that has ended', done)))
    const other = new PassThrough().resume()
    setImmediate(() => other.end())
    await whenFinished(other)
    mark('promise')
  },
  async 'finished, by other work'() {
    const stream = new PassThrough().resume()
    const callback = called((done) => finished(stream, marked('finished, by other work', done)))
    scope('other', () => setImmediate(() => stream.end()))
    await callback
  },
  'a Writable': (mark) =>
    called((done) => {
      const writable = new Writable({
        write(_chunk, _encoding, written) {
          mark('write')
          setImmediate(written)
        },
        final(ended) {
          mark('final')
          ended()
        },
      })
      writable.write('a', () => mark('written'))
      writable.end('b', marked('a Writable: end', done))
    }),
  async 'compose and Duplex.from'(mark) {
    const doubled = async function* (source) {
      for await (const chunk of source) {
        mark('compose')
        yield chunk
      }
    }
    const composed = compose(doubled)
    composed.end('a')
    for await (const _ of composed) mark('composed')
    const duplex = Duplex.from(async function* (source) {
      for await (const chunk of source) yield chunk
    })
    duplex.end('a')
    for await (const _ of duplex) mark('Duplex.from')
  },
  async 'web streams'(mark) {
    const readable = new ReadableStream({
      pull(controller) {
        mark('pull')
        controller.enqueue('a')
        controller.close()
      },
    })
    const transform = new TransformStream({
      transform(chunk, controller) {
        mark('transform')
        controller.enqueue(chunk)
      },
    })
    const writable = new WritableStream({ write: () => mark('write'), close: () => mark('close') })
    await readable.pipeThrough(transform).pipeTo(writable)
    mark('pipeTo')
  },
  async 'stream consumers'(mark) {
    await text(Readable.from(['a', 'b']))
    mark()
  },
  async 'a stream that fails'(mark) {
    const stream = new PassThrough()
    await called((done) => {
      stream.on('error', () => mark('error'))
      stream.on('close', marked('a stream that fails: close', done))
      stream.destroy(new Error('expected'))
    })
  },
}
