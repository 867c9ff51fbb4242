const DEADLY = new Set<string | number>([
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGKILL',
  15,
  2,
  1,
  3,
  9,
])

/**
 * Calls `ending` when this process ends in a way that JavaScript can notice: its natural end,
 * `process.exit()`, an uncaught exception, and a signal that the process sends itself, as handlers do
 * that clean up and then let the signal have its way. That last one fires no event, so `process.kill`
 * is wrapped; Node would also print "Waiting for the debugger to disconnect" there.
 *
 * @returns stops it.
 */
export function onProcessEnd(ending: () => void): () => void {
  const original = process.kill
  let listening = true

  function kill(pid: number, signal: string | number = 'SIGTERM'): true {
    const deadly = DEADLY.has(signal) && process.listenerCount(signal as string) === 0
    if (listening && pid === process.pid && deadly) ending()
    return original.call(process, pid, signal)
  }

  process.kill = kill
  process.on('exit', ending)
  return () => {
    listening = false
    process.off('exit', ending)
    // Another library may have wrapped ours meanwhile; then ours stays and passes everything on.
    if (process.kill === kill) process.kill = original
  }
}
