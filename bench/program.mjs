import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What went wrong in a program, as it told it or as it wrote it to stderr. */
export class ProgramError extends Error {
  name = 'ProgramError'
}

/**
 * Runs a program of the folder `programs` to its end.
 *
 * @returns what it answered; see `programs/answer.mjs`.
 * @throws {ProgramError}
 */
export async function runProgram({ node, program, args = [] }) {
  const child = start({ node, program, args })
  const gone = once(child, 'exit')
  const message = await nextMessage(child)
  await gone // A profiler may write its last file at the very end.
  return unwrapped(message)
}

/** A program that goes on running and answers questions, until it is killed. */
export class RunningProgram {
  #child

  /** @throws {ProgramError} */
  static async start(options) {
    const running = new RunningProgram(start(options))
    return { running, first: unwrapped(await nextMessage(running.#child)) }
  }

  constructor(child) {
    this.#child = child
  }

  async ask(question) {
    const answer = nextMessage(this.#child)
    this.#child.send(question)
    return unwrapped(await answer)
  }

  async kill() {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}

function start({ node, program, args = [] }) {
  const path = fileURLToPath(new URL(`programs/${program}`, import.meta.url))
  return fork(path, args.map(String), {
    execPath: node.binary,
    execArgv: [],
    env: ownEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** Without flags that somebody set for the Node.js that runs this. */
export function ownEnvironment() {
  const { NODE_OPTIONS, ...rest } = process.env
  return rest
}

function nextMessage(child) {
  return new Promise((resolve, reject) => {
    let complaints = ''
    const hear = (chunk) => {
      complaints += chunk
    }
    const end = (code, signal) => {
      settle()
      reject(new ProgramError(`ended with ${signal ?? code} and no answer\n${complaints}`))
    }
    const settle = () => {
      child.stderr.off('data', hear)
      child.stderr.resume()
      child.off('exit', end)
    }
    child.stderr.on('data', hear)
    child.once('exit', end)
    child.once('message', (message) => {
      settle()
      resolve(message)
    })
  })
}

function unwrapped({ result, error }) {
  if (error !== undefined) throw new ProgramError(error)
  return result
}
