import { ProgramError } from './program.mjs'

/**
 * Measures a peer. One that cannot run here is a line in a table, not the end of a benchmark: native
 * addons come prebuilt for some versions of Node.js only.
 *
 * @returns what `measure` returns, or `{ failed }` with what to write into the table.
 */
export async function measurePeer(measure) {
  try {
    return await measure()
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    // In full on the terminal alone: such a message names paths of this machine.
    console.error(error.message)
    return { failed: 'does not run here' }
  }
}
