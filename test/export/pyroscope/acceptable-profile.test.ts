import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../../src/export/profile.ts'
import { acceptableTags } from '../../../src/export/pyroscope/acceptable-labels.ts'
import { acceptableAppName } from '../../../src/export/pyroscope/series-name.ts'
import type { LabelPairs } from '../../../src/sample.ts'
import { startIngestServer } from '../../ingest-server.ts'
import { fold, windowOf } from '../windows.ts'
import { pushTo } from './push.ts'

afterEach(() => vi.restoreAllMocks())

const withLabels = (...labels: LabelPairs): Profile =>
  fold(windowOf([{ stack: 'main;work', labels }]))

/** What a server that keeps the rules has stored, and what was counted. */
async function arrived(profile: Profile) {
  const server = await startIngestServer()
  const { sink, counts, flush } = await pushTo(server.address, { uploadDeadlineMs: 0 })
  await sink.write(profile)
  await flush()
  const { uploads, uploadBytes: _, written: __, ...others } = counts()
  expect(uploads).toBe(1)
  const [stored] = server.profiles
  if (stored === undefined) throw new Error('nothing was stored')
  const { app, service, tags, samples } = stored
  return { app, service, tags, labels: samples[0]?.labels, counts: others }
}

describe('an app’s name', () => {
  it.each([
    ['shop', 'shop'],
    ['@acme/cart', 'acme/cart'],
    ['my shop', 'my_shop'],
    ['{evil}', '_evil_'],
    ['größe,a=b\n', 'gr__e_a_b'],
    ['@', 'node'],
    ['x'.repeat(3000), 'x'.repeat(2048)],
  ])('such as %.20j becomes %.20s', async (appName, expected) => {
    expect(acceptableAppName(appName)).toBe(expected)
    expect(await arrived({ ...withLabels(), appName })).toMatchObject({ app: expected })
  })

  it.each([
    ['shop', [], 'shop', {}],
    ['@acme/cart', [], '@acme/cart', {}],
    ['größe', [], 'größe', {}],
    ['{evil}', [], '_evil_', { uploadLabelsChanged: 1 }],
    ['shop', ['service_name', 'mine'], 'mine', {}],
    ['@acme/cart', ['service_name', 'mine'], 'mine', {}],
  ])('such as %s, with the tags %j, is found as %s', async (appName, tags, service, counts) => {
    const profile = { ...withLabels('service_name', 'of a sample'), appName, tags }
    const result = await arrived(profile)
    expect(result).toMatchObject({ service, tags: {}, labels: {} })
    expect(result.counts).toEqual({ ...counts, uploadLabelsDropped: 1 })
  })
})

describe('a tag', () => {
  it.each([
    [['region', 'eu'], { region: 'eu' }, {}],
    [['git.ref', 'main/2'], { 'git.ref': 'main/2' }, {}],
    [['a', 'x{y}=z,w'], { a: 'x_y__z_w' }, { uploadLabelsChanged: 1 }],
    [['a', 'two\nlines'], { a: 'two_lines' }, { uploadLabelsChanged: 1 }],
    [['a-b c', '1'], { a_b_c: '1' }, { uploadLabelsChanged: 1 }],
    [['1st', '1'], { _1st: '1' }, { uploadLabelsChanged: 1 }],
    [['__name__', 'mine'], { _name__: 'mine' }, { uploadLabelsChanged: 1 }],
    [['a', ''], {}, {}],
    [['a.b', '1', 'a_b', '2'], { 'a.b': '1' }, { uploadLabelsDropped: 1 }],
    [['pyroscope_spy', 'x'], {}, { uploadLabelsDropped: 1 }],
    [['a', 'größe'], { a: 'größe' }, {}],
    [['a', 'x'.repeat(3000)], { a: 'x'.repeat(2048) }, { uploadLabelsChanged: 1 }],
    [['k'.repeat(2000), '1'], { ['k'.repeat(1024)]: '1' }, { uploadLabelsChanged: 1 }],
  ])('such as %.30j is sent so that the profile is taken', async (tags, expected, counts) => {
    const result = await arrived({ ...withLabels(), tags })
    expect(result.tags).toEqual(expected)
    expect(result.counts).toEqual(counts)
  })

  it('gives way to a sample’s own label, which the server would not let it', async () => {
    const { tags, labels } = await arrived({
      ...withLabels('tenant', 'acme'),
      tags: ['region', 'eu', 'tenant', 'none'],
    })
    expect(tags).toEqual({ region: 'eu' })
    expect(labels).toEqual({ tenant: 'acme' })
  })

  it.each([
    ['a.b', 'a_b'],
    ['tenant-id', 'tenant_id'],
  ])('%s gives way to a label that the server takes for the same, %s', async (tag, label) => {
    const { tags, labels } = await arrived({
      ...withLabels(label, 'own'),
      tags: [tag, 'none'],
    })
    expect({ tags, labels }).toEqual({ tags: {}, labels: { [label]: 'own' } })
  })

  it('is on the samples that have no label of its name', async () => {
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address)
    const given = [{ stack: 'main;own', labels: ['tenant', 'acme'] }, { stack: 'main;none' }]
    await sink.write({ ...fold(windowOf(given)), tags: ['tenant', 'none'] })
    await flush()
    const labels = server.profiles[0]?.samples.map((sample) => [sample.stack[0], sample.labels])
    expect(Object.fromEntries(labels ?? [])).toEqual({
      './cart.js:own:3': { tenant: 'acme' },
      './cart.js:none:4': { tenant: 'none' },
    })
  })
})

describe('a label of a sample', () => {
  const id = '9a517183f26a089d'
  const long = 'é'.repeat(2000)

  it.each([
    [['span_id', id, 'trace_id', id + id], { span_id: id, trace_id: id + id }, {}],
    [['span_id', 'short'], {}, { uploadLabelsDropped: 1 }],
    [['span_id', `${id}00`], {}, { uploadLabelsDropped: 1 }],
    [['trace_id', id], {}, { uploadLabelsDropped: 1 }],
    [['span_name', 'GET /{id}, a=b'], { span_name: 'GET /{id}, a=b' }, {}],
    [['span_name', long], { span_name: 'é'.repeat(1024) }, { uploadLabelsChanged: 1 }],
    [['span_name', 'a\nb\u0000c'], { span_name: 'a b c' }, { uploadLabelsChanged: 1 }],
    [['pyroscope_spy', 'x'], {}, { uploadLabelsDropped: 1 }],
    [['http-method', 'GET'], { http_method: 'GET' }, { uploadLabelsChanged: 1 }],
    [['a-b', '1', 'a_b', '2'], { a_b: '1' }, { uploadLabelsChanged: 1, uploadLabelsDropped: 1 }],
  ])('such as %.40j is sent so that the profile is taken', async (pairs, expected, counts) => {
    const { labels, counts: counted } = await arrived(withLabels(...pairs))
    expect(labels).toEqual(expected)
    expect(counted).toEqual(counts)
  })

  it('that would be one too many for a series is left out, counted, and ids are not', async () => {
    const pairs = Array.from({ length: 40 }, (_, i) => [`l${i}`, 'x']).flat()
    const { labels, tags, counts } = await arrived({
      ...withLabels(...pairs, 'span_id', id),
      tags: ['a', '1', 'b', '2'],
    })
    expect(tags).toEqual({ a: '1', b: '2' })
    expect(Object.keys(labels ?? {})).toHaveLength(24 + 1)
    expect(labels).toMatchObject({ l0: 'x', l23: 'x', span_id: id })
    expect(counts).toEqual({ uploadLabelsDropped: 16 })
  })

  it('that is fine is what it was', () => {
    const pairs = ['region', 'eu', 'span_name', 'GET /']
    expect(acceptableTags(pairs)).toEqual({ pairs, changed: 0, dropped: 0 })
  })
})

describe('a name of a function', () => {
  it('that is a whole program is cut', async () => {
    const url = `https://example.com/${'x'.repeat(3_000_000)}`
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address)
    await sink.write(fold(windowOf([{ stack: 'main' }], { main: url })))
    await flush()
    const [main] = server.profiles[0]?.samples[0]?.locations ?? []
    expect(main?.file).toHaveLength(2048)
    expect(main?.name).toContain(':main:')
  })
})
