import { describe, expect, it } from 'vitest'
import { resolveSpanProfilesOptions, type SpanProfilesOptions } from '../../src/otel/options.ts'

const resolve = (options: unknown = {}, environment: Record<string, string> = {}) =>
  resolveSpanProfilesOptions(options as SpanProfilesOptions, environment)

const fault = (code: string, ...parts: string[]) =>
  expect.toSatisfy((error: unknown) => {
    expect(error).toMatchObject({ name: 'SpanprofError', code })
    for (const part of parts) expect((error as Error).message).toContain(part)
    return true
  })

describe('options of span profiles', () => {
  it('have defaults', () => {
    expect(resolve(undefined)).toEqual({
      spanIdLabelScope: 'root-span',
      spanNameLabelScope: 'root-span',
      traceIdLabel: true,
      profileIdLabel: false,
      labelsAfterEnd: 'name',
      appName: expect.any(String),
      pyroscopeUrl: '',
      profileUrl: undefined,
      profileBaselineUrl: false,
      profileBaselineLabels: {},
    })
  })

  it.each([
    ['WithSpanIDLabelScope', 'spanIdLabelScope'],
    ['WithSpanNameLabelScope', 'spanNameLabelScope'],
    ['WithRootSpanOnly', 'rootSpanOnly'],
    ['WithAddSpanName', 'addSpanName'],
    ['WithAppName', 'appName'],
    ['WithPyroscopeURL', 'pyroscopeUrl'],
    ['WithProfileURL', 'profileUrl'],
    ['WithProfileBaselineURL', 'profileBaselineUrl'],
    ['WithProfileBaselineLabels', 'profileBaselineLabels'],
    ['spanIDLabelScope', 'spanIdLabelScope'],
    ['traceIDLabel', 'traceIdLabel'],
  ])('spelled as %s are refused, naming %s', (name, right) => {
    expect(() => resolve({ [name]: true })).toThrow(
      fault('ERR_UNKNOWN_OPTION', `'${name}'`, `did you mean '${right}'`),
    )
  })

  it.each([
    ['AllSpans', 'all-spans'],
    ['ScopeRootSpan', 'root-span'],
    ['ScopeNone', 'none'],
    ['rootspan', 'root-span'],
  ])('refuse the scope %s, naming %s', (scope, right) => {
    expect(() => resolve({ spanIdLabelScope: scope })).toThrow(
      fault(
        'ERR_INVALID_OPTION',
        `spanIdLabelScope must be 'none', 'root-span' or 'all-spans', received "${scope}"`,
        `did you mean '${right}'`,
      ),
    )
  })

  it.each([
    [{ spanIdLabelScope: 2 }, 'spanIdLabelScope', 'received 2'],
    [{ traceIdLabel: 'yes' }, 'traceIdLabel', 'true or false'],
    [{ profileUrl: 'http://x' }, 'profileUrl', 'true, false or a function'],
    [{ pyroscopeUrl: 'localhost:4040' }, 'pyroscopeUrl', 'an address'],
    [{ pyroscopeUrl: 'ftp://x' }, 'pyroscopeUrl', 'an address'],
    [{ profileBaselineLabels: { region: true } }, 'profileBaselineLabels.region', 'received true'],
    [{ profileUrl: true }, 'profileUrl requires pyroscopeUrl'],
    [{ profileBaselineUrl: true }, 'profileBaselineUrl requires pyroscopeUrl'],
    ['yes', 'options must be an object'],
  ])('refuse %j', (options: unknown, ...parts: string[]) => {
    expect(() => resolve(options)).toThrow(fault('ERR_INVALID_OPTION', ...parts))
  })
})

describe('the older options', () => {
  it.each([
    [{ rootSpanOnly: true }, 'root-span', 'root-span'],
    [{ rootSpanOnly: false }, 'all-spans', 'root-span'],
    [{ rootSpanOnly: false, addSpanName: true }, 'all-spans', 'all-spans'],
    [{ addSpanName: true }, 'root-span', 'root-span'],
    [{ addSpanName: false }, 'root-span', 'none'],
  ])('say with %j what the newer ones do', (options, spanIdLabelScope, spanNameLabelScope) => {
    expect(resolve(options)).toMatchObject({ spanIdLabelScope, spanNameLabelScope })
  })

  it('are not taken beside the newer ones', () => {
    expect(() => resolve({ rootSpanOnly: true, spanIdLabelScope: 'none' })).toThrow(
      fault('ERR_INVALID_OPTION', 'rootSpanOnly', 'spanIdLabelScope'),
    )
    expect(() => resolve({ addSpanName: true, spanNameLabelScope: 'none' })).toThrow(
      fault('ERR_INVALID_OPTION', 'addSpanName', 'spanNameLabelScope'),
    )
  })
})

describe('the environment', () => {
  it('has a variable for each option', () => {
    expect(
      resolve(
        {},
        {
          SPANPROF_SPAN_ID_LABEL_SCOPE: 'all-spans',
          SPANPROF_SPAN_NAME_LABEL_SCOPE: 'none',
          SPANPROF_TRACE_ID_LABEL: 'false',
          SPANPROF_PROFILE_ID_LABEL: '1',
          SPANPROF_LABELS_AFTER_END: 'none',
          SPANPROF_APP_NAME: 'shop',
          SPANPROF_PYROSCOPE_URL: 'http://localhost:4040/',
          SPANPROF_PROFILE_URL: 'true',
          SPANPROF_PROFILE_BASELINE_URL: 'TRUE',
          SPANPROF_PROFILE_BASELINE_LABELS: 'region=eu, shard=1=2',
        },
      ),
    ).toEqual({
      spanIdLabelScope: 'all-spans',
      spanNameLabelScope: 'none',
      traceIdLabel: false,
      profileIdLabel: true,
      labelsAfterEnd: 'none',
      appName: 'shop',
      pyroscopeUrl: 'http://localhost:4040',
      profileUrl: expect.any(Function),
      profileBaselineUrl: true,
      profileBaselineLabels: { region: 'eu', shard: '1=2' },
    })
  })

  it.each([
    [{ OTEL_PYROSCOPE_ROOT_SPAN_ONLY: 'false' }, 'all-spans', 'root-span'],
    [{ OTEL_PYROSCOPE_ADD_SPAN_NAME: 'false' }, 'root-span', 'none'],
    [{ SPANPROF_ROOT_SPAN_ONLY: 'false' }, 'all-spans', 'root-span'],
    [{ SPANPROF_ADD_SPAN_NAME: 'false' }, 'root-span', 'none'],
    [
      { OTEL_PYROSCOPE_ROOT_SPAN_ONLY: 'false', SPANPROF_SPAN_ID_LABEL_SCOPE: 'none' },
      'none',
      'root-span',
    ],
  ])('%j', (environment, spanIdLabelScope, spanNameLabelScope) => {
    const resolved = resolve({}, environment as unknown as Record<string, string>)
    expect(resolved).toMatchObject({ spanIdLabelScope, spanNameLabelScope })
  })

  it('gives way to what is said in code, in whichever way', () => {
    const environment = { SPANPROF_SPAN_ID_LABEL_SCOPE: 'none', SPANPROF_TRACE_ID_LABEL: 'false' }
    expect(resolve({ rootSpanOnly: false, traceIdLabel: true }, environment)).toMatchObject({
      spanIdLabelScope: 'all-spans',
      traceIdLabel: true,
    })
  })

  it('is checked, naming the variable', () => {
    expect(() => resolve({}, { SPANPROF_TRACE_ID_LABEL: 'yes' })).toThrow(
      fault('ERR_INVALID_OPTION', 'SPANPROF_TRACE_ID_LABEL must be true or false, received "yes"'),
    )
    expect(() => resolve({}, { OTEL_PYROSCOPE_ADD_SPAN_NAME: 'x' })).toThrow(
      fault('ERR_INVALID_OPTION', 'OTEL_PYROSCOPE_ADD_SPAN_NAME'),
    )
    expect(() => resolve({}, { SPANPROF_PROFILE_BASELINE_LABELS: 'region' })).toThrow(
      fault('ERR_INVALID_OPTION', 'SPANPROF_PROFILE_BASELINE_LABELS'),
    )
  })
})
