import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Real programs of some hundred files; the lock file keeps them the same. */
const ROOTS = ['express', 'autocannon', '@datadog/pprof']

const OPTIONS = {
  allowJs: true,
  checkJs: true,
  strict: true,
  noEmit: true,
  maxNodeModuleJsDepth: 9,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  target: ts.ScriptTarget.ES2022,
  types: [],
}

/**
 * The TypeScript compiler at work without end: much code, deep and varied stacks, a large heap.
 *
 * @returns checks files while a condition holds, and goes on from there at the next call.
 */
export function typescriptChecker() {
  const checks = checkForever()
  return async function checkWhile(condition) {
    while (condition()) {
      checks.next()
      await setImmediate() // A busy app turns its event loop too.
    }
  }
}

/** A condition that holds for this long from now on. */
export function forMillis(durationMillis) {
  const end = performance.now() + durationMillis
  return () => performance.now() < end
}

function* checkForever() {
  const roots = ROOTS.map((name) => fileURLToPath(import.meta.resolve(name)))
  for (;;) {
    const program = ts.createProgram(roots, OPTIONS)
    for (const file of program.getSourceFiles()) {
      program.getSemanticDiagnostics(file)
      yield
    }
  }
}
