import { constants } from 'node:os'
import { wrapMethod } from './labels/wrapped-method.js'

/** The signals that people end processes with. */
const DEADLY = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2', // By nodemon.
  'SIGABRT',
  'SIGALRM',
  'SIGKILL',
] as const

/**
 * Calls `ending` when this process ends in a way that JavaScript can notice: its natural end,
 * `process.exit()`, an uncaught exception, and a signal that the process sends itself, as handlers do
 * that clean up and then let the signal have its way. That last one fires no event, so `process.kill`
 * is wrapped; Node would also print "Waiting for the debugger to disconnect" there.
 *
 * @returns stops it.
 */
export function onProcessEnd(ending: () => void): () => void {
  let listening = true
  const unwrapKill = wrapMethod(process, 'kill', (original) => {
    return function kill(pid: number, signal: string | number = 'SIGTERM'): true {
      if (listening && meansThisProcess(pid) && isDeadly(signal)) ending()
      return original.call(process, pid, signal)
    }
  })
  process.on('exit', ending)
  return () => {
    listening = false
    process.off('exit', ending)
    unwrapKill?.()
  }
}

/** 0, -1 and the negative id mean groups that this process is in. */
function meansThisProcess(pid: number): boolean {
  return [process.pid, -process.pid, 0, -1].includes(pid)
}

function isDeadly(signal: string | number): boolean {
  const name = DEADLY.find((each) => each === signal || constants.signals[each] === signal)
  return name !== undefined && process.listenerCount(name) === 0
}
