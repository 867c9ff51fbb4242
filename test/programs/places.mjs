// Walks the places in which JavaScript can be entered, and compares the labels with the truth.
//   node places.mjs [none | hooks | toggled]
// which hooks the app itself has: none, all async hooks, or hooks that come and go, and domains.
import { createHook } from 'node:async_hooks'
import { ends, handleErrors, markEnd } from './places/ends.mjs'
import { entries } from './places/entries.mjs'
import { natives } from './places/natives.mjs'
import { mark, noise, report, scope, walk } from './places/probe.mjs'
import { promises } from './places/promises.mjs'
import { bindEarly, resources } from './places/resources.mjs'
import { sockets } from './places/sockets.mjs'
import { streams } from './places/streams.mjs'
import { turns } from './places/turns.mjs'

const [hooks = 'none'] = process.argv.slice(2)
const nothing = () => {}
const own = createHook({ init: nothing, before: nothing, after: nothing, destroy: nothing })

bindEarly()
mark('before the first label')
if (hooks === 'hooks') own.enable()
scope('first', () => mark('the first scope'))
mark('after the first scope')

const stopNoise = noise()
for (const places of [promises, turns, resources]) await walk(places)
if (hooks === 'toggled') {
  own.enable()
  await walk({ 'with hooks': promises['await of a promise that is pending'] })
  await import('node:domain')
  own.disable()
}
for (const places of [promises, turns, resources, streams, entries, natives, sockets]) {
  if (hooks === 'toggled') own.enable().disable()
  await walk(places)
}
handleErrors()
await walk(ends)
stopNoise()
mark('between the places and the end')
markEnd(report)
