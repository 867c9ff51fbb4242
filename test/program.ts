import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export interface ProgramOptions {
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** @default the root of the repository */
  readonly cwd?: string
  /** Called with each piece of output, to act on a running program. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

export interface ProgramResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Runs a program of `test/programs` under the Node.js that runs the tests, to its end. */
export function runProgram(name: string, options?: ProgramOptions): Promise<ProgramResult> {
  return runFile(fileURLToPath(new URL(`./programs/${name}`, import.meta.url)), options)
}

/** Likewise a program that is elsewhere. */
export function runFile(file: string, options?: ProgramOptions): Promise<ProgramResult> {
  return run([file], options)
}

/** Runs the text of an ES module, which may import `spanprof`. */
export function runCode(source: string, options?: ProgramOptions): Promise<ProgramResult> {
  return run(['--input-type=module', '-e', source], options)
}

function run(program: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const { args = [], nodeArgs = [], env = {}, cwd = ROOT, onOutput } = options
  const { NODE_OPTIONS: _, ...clean } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArgs, ...program, ...args], {
      cwd,
      env: { ...clean, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      onOutput?.(stdout, (signal) => child.kill(signal))
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/**
 * Standard error but for a warning of a collection that took long, which is the machine's affair.
 * Node.js adds a line to its first warning.
 */
export function withoutLongPauses(stderr: string): string {
  const isLeftOut = (line: string) => /full garbage collection|--trace-warnings/.test(line)
  return stderr
    .split('\n')
    .filter((line) => !isLeftOut(line))
    .join('\n')
}

const directories: string[] = []
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** A directory that is gone after the tests of the file, some of which may run at the same time. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'spanprof-test-'))
  directories.push(directory)
  return directory
}
