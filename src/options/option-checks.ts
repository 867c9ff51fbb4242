import { SpanprofError } from '../errors.js'

/** What an option may be: how a value is checked, and how the text of an environment variable is read. */
export interface OptionCheck<T> {
  /** @throws {SpanprofError} `ERR_INVALID_OPTION`, naming the option and the value. */
  check(name: string, value: unknown): T
  /** Left out where an option has no environment variable. What it returns is checked. */
  readonly parse?: (text: string) => unknown
  /** Of an option that is an object, the checks of its own options. */
  readonly members?: Readonly<Record<string, OptionCheck<unknown>>>
}

/** One check for each option, by its name. */
export type OptionChecks<T> = { readonly [Name in keyof T]-?: OptionCheck<NonNullable<T[Name]>> }

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Options that were given, checked. What is not given may come from the environment: `flushIntervalMs`
 * from `SPANPROF_FLUSH_INTERVAL_MS`. Objects are merged with the environment's, key by key.
 *
 * @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`
 */
export function checkOptions<T extends object>(
  options: T,
  checks: OptionChecks<T>,
  environment: Environment,
): Partial<T> {
  if (typeof options !== 'object' || options === null) {
    throw new SpanprofError('ERR_INVALID_OPTION', `options must be an object, received ${options}`)
  }
  assertKnown(Object.keys(options), Object.keys(checks))
  const checked = Object.keys(checks).flatMap((name) => {
    const option = checks[name as keyof T] as OptionCheck<unknown>
    const value = checkedOption(
      name,
      (options as Record<string, unknown>)[name],
      option,
      environment,
    )
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(checked) as Partial<T>
}

/** One option, as {@link checkOptions} does it. */
export function checkedOption<T>(
  name: string,
  given: unknown,
  option: OptionCheck<T>,
  environment: Environment,
): T | undefined {
  const checked = given === undefined ? undefined : option.check(name, given)
  const mayLackSome = (checked === true && option.members !== undefined) || isObject(checked)
  // A variable that nobody needs may say anything.
  if (checked !== undefined && !mayLackSome) return checked
  return merged(checked, fromEnvironment(environmentName(name), option, environment))
}

/** @param value an object, `true` for whatever `below` is, or nothing. */
function merged<T>(value: T | undefined, below: T | undefined): T | undefined {
  if (isObject(value) && isObject(below)) return { ...below, ...value }
  return value === undefined || (value === true && isObject(below)) ? below : value
}

/** An object of keys and values. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns `undefined` where the variable is not set or empty. */
export function fromEnvironment<T>(
  name: string,
  { check, parse, members = {} }: OptionCheck<T>,
  environment: Environment,
): T | undefined {
  const text = environment[name] || undefined
  const given = Object.entries(members).flatMap(([member, option]) => {
    const value = fromEnvironment(`${name}_${upperSnakeCase(member)}`, option, environment)
    return value === undefined ? [] : [[member, value]]
  })
  return merged(
    text === undefined || parse === undefined ? undefined : check(name, parse(text)),
    given.length === 0 ? undefined : check(name, Object.fromEntries(given)),
  )
}

/** `flushIntervalMs` → `SPANPROF_FLUSH_INTERVAL_MS` */
export function environmentName(option: string): string {
  return PREFIX + upperSnakeCase(option)
}

/** What the names of all our variables begin with. */
export const PREFIX = 'SPANPROF_'

/** The variables that options may come from. */
export function variablesOf(checks: Readonly<Record<string, OptionCheck<unknown>>>): string[] {
  return Object.entries(checks).flatMap(([option, { parse, members }]) => {
    const name = environmentName(option)
    const ofMembers = Object.keys(members ?? {}).map((each) => `${name}_${upperSnakeCase(each)}`)
    return [...(parse === undefined ? [] : [name]), ...ofMembers]
  })
}

/**
 * A misspelled variable sets nothing, and there may be variables of a later version, so these are told
 * of and not refused.
 *
 * @param known names of variables.
 * @returns a sentence for each variable that is not one of them.
 */
export function unknownVariables(environment: Environment, known: readonly string[]): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .map((name) => `${name} has no effect; did you mean ${nearest(name, known)}?`)
}

function upperSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** An option that is an object of options; in the environment each is a variable of its own. */
export function objectOf<T extends object>(members: OptionChecks<T>): OptionCheck<T> {
  return {
    members: members as OptionCheck<T>['members'] & {},
    check(name, value) {
      if (!isObject(value)) throw invalidOption(name, 'an object', value)
      assertKnown(Object.keys(value), Object.keys(members), `${name}.`)
      const given = Object.entries(value).filter(([, member]) => member !== undefined)
      return Object.fromEntries(
        given.map(([member, each]) => [
          member,
          members[member as keyof T].check(`${name}.${member}`, each),
        ]),
      ) as T
    },
  }
}

export function invalidOption(
  name: string,
  expected: string,
  value: unknown,
  hint = '',
): SpanprofError {
  return new SpanprofError(
    'ERR_INVALID_OPTION',
    `${name} must be ${expected}, received ${show(value)}${hint}`,
  )
}

function assertKnown(given: readonly string[], names: readonly string[], prefix = ''): void {
  const unknown = given.find((name) => !names.includes(name))
  if (unknown === undefined) return
  // As options are spelled in Go.
  const likely = nearest(unknown.replace(/^With/, ''), names)
  throw new SpanprofError(
    'ERR_UNKNOWN_OPTION',
    `unknown option '${prefix}${unknown}'; did you mean '${likely}'? Known options: ${names.join(', ')}`,
  )
}

/** The name of those that is spelled most like another. */
export function nearest(name: string, names: readonly string[]): string {
  return names.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
}

/** Levenshtein's distance, whatever the case of the letters. */
function distance(a: string, b: string): number {
  const right = [...b.toLowerCase()]
  let row = [0, ...right.map((_, j) => j + 1)]
  for (const [i, left] of [...a.toLowerCase()].entries()) {
    const next = [i + 1]
    right.forEach((letter, j) => {
      const replaced = (row[j] ?? 0) + (letter === left ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    })
    row = next
  }
  return row.at(-1) ?? 0
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  // It may be a key.
  if (ArrayBuffer.isView(value)) return 'bytes'
  const asJson = typeof value === 'string' || (typeof value === 'object' && value !== null)
  return asJson ? JSON.stringify(value) : String(value)
}
