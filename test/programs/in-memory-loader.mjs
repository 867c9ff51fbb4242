// Loads TypeScript that was compiled elsewhere, as if it were compiled now: in memory alone.
import * as module from 'node:module'

process.setSourceMapsEnabled(true)
if (module.registerHooks) {
  const { loadSync } = await import('./in-memory-loader-hooks.mjs')
  module.registerHooks({ load: loadSync })
} else {
  module.register('./in-memory-loader-hooks.mjs', import.meta.url)
}
