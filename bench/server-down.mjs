import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { startIngestServer } from './ingest-server.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atLeast, atMost } from './target.mjs'
import { count, megabytes } from './units.mjs'

export const title = 'Server down'

export const measures =
  'A program that pushes a profile every 5 s, with `spoolDir`, while nobody listens at the server’s address; later a server does, and takes what waited. Profiles are those also written as files; one is lost that has not arrived, by its start time, when the program has ended. Resident memory is read every 10 s beside that of the same program unprofiled and pushing to a server that is there, both at the same time; what stands here is from the second minute on.'

export async function run({ quick, say }) {
  const plan = quick
    ? { downSeconds: 15, backSeconds: 15, readingSeconds: 1 }
    : { downSeconds: 600, backSeconds: 60, readingSeconds: 10 }
  const measuredNodes = nodes(PEER_MAJORS)
  say(`Node.js ${measuredNodes.map(({ major }) => major).join(' and ')} at once`)
  // All at the same time: they hardly use the CPU.
  const measured = await Promise.all(measuredNodes.map((node) => measure(node, plan)))
  const rows = measuredNodes.map((node, i) => row(node, measured[i], plan))
  const targets = measuredNodes.flatMap((node, i) => targetsOf(node, measured[i], plan))
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

async function measure(node, { downSeconds, backSeconds, readingSeconds }) {
  const seconds = downSeconds + backSeconds
  const measureOne = (profiled, address, directory) =>
    runProgram({
      node,
      program: 'server-down.mjs',
      args: [profiled, seconds, readingSeconds, address, directory],
    })
  return withScratchDirectory(async (directory) => {
    const port = await freePort(directory)
    const arrived = join(directory, 'arrived')
    await mkdir(arrived)
    const up = join(directory, 'up')
    await mkdir(up)
    const alwaysUp = await startIngestServer(up)
    const running = Promise.all([
      measureOne('spanprof', `http://127.0.0.1:${port}`, directory),
      measureOne('spanprof', alwaysUp.address, up),
      measureOne('bare', alwaysUp.address, directory),
    ])
    await sleep(downSeconds * 1000)
    const server = await startIngestServer(arrived, port)
    const [ours, undisturbed, bare] = await running
    server.close()
    alwaysUp.close()
    const made = await startTimes(join(directory, 'profiles'))
    const uploaded = new Set(await startTimes(arrived))
    return {
      made: made.length,
      lost: made.filter((time) => !uploaded.has(time)).length,
      overBareBytes: mostOver(ours, bare),
      overUpBytes: mostOver(ours, undisturbed),
      stats: ours.stats,
    }
  })
}

/** Once all have started. */
function mostOver({ readings }, other) {
  const over = readings.map(({ seconds, rssBytes }, i) => {
    const there = other.readings[Math.min(i, other.readings.length - 1)]
    return { seconds, bytes: rssBytes - there.rssBytes }
  })
  const settled = over.filter(({ seconds }) => seconds >= Math.min(60, over.at(-1).seconds / 2))
  return Math.max(...settled.map(({ bytes }) => bytes))
}

async function freePort(directory) {
  const { address, close } = await startIngestServer(directory)
  close()
  return Number(new URL(address).port)
}

/** What tells one profile from another; those that were split have theirs more than once. */
async function startTimes(directory) {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pb.gz'))
  const files = await Promise.all(names.map((name) => readFile(join(directory, name))))
  return files.map((bytes) => Profile.decode(gunzipSync(bytes)).timeNanos)
}

const COLUMNS = [
  'Node.js',
  'seconds down',
  'profiles',
  'lost',
  'tries repeated',
  'most over unprofiled',
  'most over a server that is there',
]

function row({ version }, { made, lost, stats, overBareBytes, overUpBytes }, { downSeconds }) {
  return [
    version,
    count(downSeconds),
    count(made),
    count(lost),
    count(stats.uploadRetries),
    megabytes(overBareBytes / 1e6),
    megabytes(overUpBytes / 1e6),
  ]
}

function targetsOf({ major }, { made, lost, overBareBytes, overUpBytes }, { downSeconds }) {
  return [
    atMost(`Node.js ${major}: profiles lost`, lost, 0, count),
    atLeast(`Node.js ${major}: profiles made`, made, Math.floor(downSeconds / 5), count),
    atMost(`Node.js ${major}: most over unprofiled`, overBareBytes / 1e6, 30, megabytes),
    atMost(`Node.js ${major}: most over a server that is there`, overUpBytes / 1e6, 30, megabytes),
  ]
}
