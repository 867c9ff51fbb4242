// Callbacks of Node's own modules, which come from native code.
import { exec, execFile, fork, spawn } from 'node:child_process'
import crypto from 'node:crypto'
import dns from 'node:dns'
import fs from 'node:fs'
import inspector from 'node:inspector'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import zlib from 'node:zlib'
import { called, marked, scope } from './probe.mjs'

const require = createRequire(import.meta.url)
const here = new URL(import.meta.url)
const NODE = process.execPath
const temporary = () => fs.mkdtempSync(join(tmpdir(), 'spanprof-places-'))

/** Node.js 22.5 and later, without a flag from 22.13 on. */
function sqlite() {
  try {
    return require('node:sqlite')
  } catch {
    return undefined
  }
}

export const natives = {
  'fs callbacks': (mark) =>
    called((done) => fs.stat('.', () => fs.readFile(here, () => done(mark())))),
  async 'fs promises'(mark) {
    await fs.promises.readFile(here)
    mark('readFile')
    const file = await fs.promises.open(here)
    mark('open')
    await file.read(Buffer.alloc(10), 0, 10, 0)
    mark('read')
    for await (const _ of file.readLines()) {
      mark('readLines')
      break
    }
    await file.close()
    for await (const _ of await fs.promises.opendir('.')) {
      mark('opendir')
      break
    }
  },
  async 'fs.watch'(mark) {
    const directory = temporary()
    const watcher = fs.watch(directory)
    await called((done) => {
      watcher.once('change', marked('fs.watch', done))
      fs.writeFileSync(join(directory, 'file'), '')
    })
    mark('after it')
    watcher.close()
    fs.rmSync(directory, { recursive: true })
  },
  async 'fs.watchFile'(mark) {
    const directory = temporary()
    const path = join(directory, 'file')
    fs.writeFileSync(path, '')
    await called((done) => {
      fs.watchFile(path, { interval: 10 }, () => {
        mark()
        fs.unwatchFile(path)
        done()
      })
      setTimeout(() => fs.writeFileSync(path, 'text'), 30)
    })
    fs.rmSync(directory, { recursive: true })
  },
  async zlib(mark) {
    await called((done) => zlib.gzip('text', marked('zlib: gzip', done)))
    await called((done) => zlib.brotliCompress('text', marked('zlib: brotli', done)))
    await promisify(zlib.deflate)('text')
    mark('promisified')
    mark(zlib.gunzipSync(zlib.gzipSync('text')).length > 0 ? 'after a synchronous one' : '')
    await called((done) => {
      const gzip = zlib.createGzip()
      gzip.on('data', () => mark('data of a stream'))
      gzip.on('end', marked('zlib: end of a stream', done))
      gzip.end('text')
    })
  },
  async crypto(mark) {
    await called((done) => crypto.pbkdf2('a', 'b', 9, 9, 'sha1', marked('crypto: pbkdf2', done)))
    await called((done) => crypto.scrypt('a', 'b', 9, { N: 2 }, marked('crypto: scrypt', done)))
    await called((done) => crypto.randomBytes(8, marked('crypto: randomBytes', done)))
    await called((done) => crypto.randomFill(Buffer.alloc(8), marked('crypto: randomFill', done)))
    await called((done) => crypto.randomInt(9, marked('crypto: randomInt', done)))
    await called((done) => crypto.hkdf('sha256', 'a', 'b', 'c', 9, marked('crypto: hkdf', done)))
    const { privateKey } = await new Promise((resolve) => {
      crypto.generateKeyPair('ec', { namedCurve: 'P-256' }, (_, publicKey, privateKey) => {
        mark('generateKeyPair')
        resolve({ publicKey, privateKey })
      })
    })
    await called((done) =>
      crypto.sign('sha256', Buffer.from('a'), privateKey, marked('crypto: sign', done)),
    )
    await crypto.subtle.digest('SHA-256', Buffer.from('a'))
    mark('subtle.digest')
  },
  async dns(mark) {
    await called((done) => dns.lookup('localhost', marked('dns: lookup', done)))
    await dns.promises.lookup('localhost')
    mark('promises.lookup')
    await called((done) => dns.lookupService('127.0.0.1', 9, marked('dns: lookupService', done)))
  },
  async 'child processes'(mark) {
    await called((done) => execFile(NODE, ['-v'], marked('child processes: execFile', done)))
    await called((done) => exec(`"${NODE}" -v`, marked('child processes: exec', done)))
    await called((done) => {
      const child = spawn(NODE, ['-v'])
      child.stdout.on('data', () => mark('data'))
      child.on('exit', () => mark('exit'))
      child.on('close', marked('child processes: close', done))
    })
    await called((done) => {
      const child = spawn('/no such program')
      child.on('error', marked('child processes: error', done))
    })
  },
  'messages of a child process': (mark) =>
    called((done) => {
      const child = fork('', [], { execArgv: ['-e', 'process.send(1)'] })
      child.on('message', () => mark('message'))
      child.on('disconnect', () => mark('disconnect'))
      child.on('exit', marked('messages of a child process: exit', done))
    }),
  'a worker thread': (mark) =>
    called((done) => {
      const source = 'require("node:worker_threads").parentPort.postMessage(1)'
      const worker = new Worker(source, { eval: true })
      worker.on('online', () => mark('online'))
      worker.on('message', () => mark('message'))
      worker.on('exit', marked('a worker thread: exit', done))
    }),
  readline: (mark) =>
    called((done) => {
      const input = new PassThrough()
      const lines = createInterface({ input })
      lines.on('line', () => {
        mark()
        lines.close()
        done()
      })
      setImmediate(() => input.write('text\n'))
    }),
  async 'a signal handler'(mark) {
    const handler = () => mark()
    process.once('SIGUSR2', handler)
    process.kill(process.pid, 'SIGUSR2')
    await sleep(20)
    mark('after it')
  },
  async 'performance observers'(mark, label) {
    const name = `places ${label}`
    await called((done) => {
      const observer = new PerformanceObserver(() => {
        mark()
        observer.disconnect()
        done()
      })
      observer.observe({ type: 'mark' })
      performance.mark(name)
    })
    performance.timerify(() => mark('timerify'))()
    mark('after timerify')
  },
  async 'a performance observer of the garbage collector'(mark) {
    if (globalThis.gc === undefined) return
    await called((done) => {
      const observer = new PerformanceObserver(() => {
        mark()
        observer.disconnect()
        done()
      })
      observer.observe({ type: 'gc' })
      globalThis.gc()
    })
  },
  async 'an inspector session'(mark) {
    const session = new inspector.Session()
    session.connect()
    await called((done) =>
      session.post('Runtime.evaluate', { expression: '1' }, marked('an inspector session', done)),
    )
    session.disconnect()
    mark('after it')
  },
  async 'a function in SQLite'(mark) {
    const module = sqlite()
    if (module?.DatabaseSync.prototype.function === undefined) return
    const database = new module.DatabaseSync(':memory:')
    database.function('probe', () => {
      mark()
      return 1
    })
    database.prepare('SELECT probe()').get()
    mark('after it')
    database.close()
  },
  async 'the progress of an SQLite backup'(mark) {
    const module = sqlite()
    if (module?.backup === undefined) return
    const directory = temporary()
    const database = new module.DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (text TEXT)')
    const insert = database.prepare('INSERT INTO t VALUES (?)')
    for (let i = 0; i < 200; i++) insert.run('x'.repeat(1000))
    await module.backup(database, join(directory, 'copy'), { rate: 1, progress: () => mark() })
    mark('after it')
    database.close()
    fs.rmSync(directory, { recursive: true })
  },
  async 'a FinalizationRegistry'() {
    if (globalThis.gc === undefined) return
    await called((done) => {
      const registry = new FinalizationRegistry(marked('a FinalizationRegistry', done))
      registry.register({}, 1)
      setTimeout(() => {
        globalThis.gc()
        setTimeout(() => done(registry), 20)
      }, 1)
    })
  },
  async 'code that an inspector evaluates'(mark) {
    const session = new inspector.Session()
    session.connect()
    globalThis.markOfPlaces = () => mark()
    scope('evaluated', () =>
      session.post('Runtime.evaluate', { expression: 'globalThis.markOfPlaces()' }),
    )
    mark('after it')
    session.disconnect()
  },
}
