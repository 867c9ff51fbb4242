import { setTimeout } from 'node:timers/promises'
import { bar, paint } from './terminal.mjs'

const WIDTH = 40
const REDRAW_MILLIS = 100

/** Lets `seconds` go by and shows how many have. Where nobody watches a terminal it is one line. */
export async function progress(title, seconds) {
  if (!process.stdout.isTTY) {
    console.log(title)
    return setTimeout(seconds * 1000)
  }
  const started = performance.now()
  const passed = () => Math.min(seconds, (performance.now() - started) / 1000)
  const draw = () => {
    const filled = paint('cyan', bar(passed() / seconds, WIDTH).padEnd(WIDTH))
    process.stdout.write(`\r${title}  ${filled}  ${passed().toFixed(0)} of ${seconds} s`)
  }
  while (passed() < seconds) {
    draw()
    await setTimeout(REDRAW_MILLIS)
  }
  draw()
  process.stdout.write('\n')
}
