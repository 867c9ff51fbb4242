import { SpanprofError } from '../errors.js'
import { invalidOption, isObject, nearest, type OptionCheck, PREFIX } from './option-checks.js'

export function integer(unit: string, min: number, max: number): OptionCheck<number> {
  return {
    check(name, value) {
      const whole = typeof value === 'number' && Number.isInteger(value)
      if (whole && value >= min && value <= max) return value
      throw invalidOption(name, `a whole number of ${unit} from ${min} to ${max}`, value)
    },
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  }
}

export function number(unit: string, min: number, max: number): OptionCheck<number> {
  return {
    check(name, value) {
      if (typeof value === 'number' && value >= min && value <= max) return value
      throw invalidOption(name, `a number of ${unit} from ${min} to ${max}`, value)
    },
    parse: (text) => (/^[\d.]+$/.test(text) ? Number(text) : text),
  }
}

export const nonEmptyString: OptionCheck<string> = {
  check(name, value) {
    if (typeof value === 'string' && value !== '') return value
    throw invalidOption(name, 'a non-empty string', value)
  },
  parse: (text) => text,
}

/** What may stand in a header of HTTP. */
export const headerText: OptionCheck<string> = {
  check(name, value) {
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
    throw invalidOption(name, 'a non-empty string of visible ASCII characters', value)
  },
  parse: (text) => text,
}

export const boolean: OptionCheck<boolean> = {
  check(name, value) {
    if (typeof value === 'boolean') return value
    throw invalidOption(name, 'true or false', value)
  },
  parse: (text) => ({ true: true, 1: true, false: false, 0: false })[text.toLowerCase()] ?? text,
}

export function oneOf<T extends string>(...values: readonly T[]): OptionCheck<T> {
  const list = `'${values.slice(0, -1).join("', '")}' or '${values.at(-1)}'`
  return {
    check(name, value) {
      const known = values.find((each) => each === value)
      if (known !== undefined) return known
      const hint = typeof value === 'string' ? `; did you mean '${nearest(value, values)}'?` : ''
      throw invalidOption(name, list, value, hint)
    },
    parse: (text) => text,
  }
}

/** Keys with strings or numbers; in the environment `key=value,key=value`. */
export const labels: OptionCheck<Readonly<Record<string, string | number>>> = {
  check(name, value) {
    if (!isObject(value)) {
      const isVariable = name.startsWith(PREFIX)
      const expected = isVariable ? 'key=value,key=value' : 'an object of strings and numbers'
      throw invalidOption(name, expected, value)
    }
    for (const [key, label] of Object.entries(value)) {
      if (key === '') throw invalidOption(name, 'an object whose keys are not empty', value)
      if (typeof label !== 'string' && typeof label !== 'number') {
        throw invalidOption(`${name}.${key}`, 'a string or a number', label)
      }
    }
    return value as Record<string, string | number>
  },
  parse(text) {
    const pairs = text.split(',').map((pair) => pair.split(/=(.*)/s))
    const whole = pairs.every(([key, value]) => key?.trim() !== '' && value !== undefined)
    return whole ? Object.fromEntries(pairs.map(([k = '', v = '']) => [k.trim(), v.trim()])) : text
  },
}

/** A password or token: what was received is never shown. */
export const secret: OptionCheck<string> = {
  check(name, value) {
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
    throw new SpanprofError(
      'ERR_INVALID_OPTION',
      `${name} must be a non-empty string of visible ASCII characters`,
    )
  },
  parse: (text) => text,
}

/** An `http:` or `https:` URL, without a slash at its end. */
export const webAddress: OptionCheck<string> = {
  check(name, value) {
    const text = value instanceof URL ? value.href : value
    const address = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
    if (typeof text === 'string' && /^https?:$/.test(address?.protocol ?? '')) {
      return text.replace(/\/+$/, '')
    }
    const expected = "an address such as 'http://localhost:4040'"
    if (mayHoldPassword(text)) {
      throw new SpanprofError('ERR_INVALID_OPTION', `${name} must be ${expected}`)
    }
    throw invalidOption(name, expected, text)
  },
  parse: (text) => text,
}

/** Whether it is anything but a host, perhaps with a protocol, a port and a path. */
function mayHoldPassword(value: unknown): boolean {
  if (typeof value !== 'string') return typeof value === 'object' && value !== null
  return !/^([a-z]+:\/\/)?[\w.-]*(:\d{1,5})?(\/[\w./-]*)?$/i.test(value)
}
