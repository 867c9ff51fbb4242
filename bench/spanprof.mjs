/** The profiler under test: the built package, as its users get it. */
export * from '../dist/index.js'
