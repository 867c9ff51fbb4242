import { median } from './median.mjs'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { runProgram } from './program.mjs'
import { atMost } from './target.mjs'
import { count, millis } from './units.mjs'

export const title = 'Import'

export const measures =
  "How long `import 'spanprof'` takes in a fresh process, and whether it starts anything: a worker, or a resource that Node.js reports as active."

export async function run({ quick, say }) {
  const runs = quick ? 3 : 20
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    say(`Node.js ${node.major}`)
    const imports = []
    for (let i = 0; i < runs; i++) imports.push(await runProgram({ node, program: 'import.mjs' }))
    const importMillis = imports.map((each) => each.importMillis)
    const started = new Set(imports.flatMap((each) => each.started))
    rows.push([
      node.version,
      count(runs),
      millis(median(importMillis)),
      millis(Math.max(...importMillis)),
      [...started].join(', ') || 'nothing',
    ])
    targets.push(
      atMost(`Node.js ${node.major}: median`, median(importMillis), 10, millis),
      atMost(`Node.js ${node.major}: kinds of resources started`, started.size, 0, count),
    )
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

const COLUMNS = ['Node.js', 'runs', 'median', 'longest', 'started']
