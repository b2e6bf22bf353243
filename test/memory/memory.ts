// Shows how much memory the built service takes under loads that callers are free to send, and how long small
// requests wait meanwhile: each mix on a service of its own, started on what was stored before.
// usage: npm run test:memory -- [--mix 2a,4] [--store sqlite|mongo]
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freshMongoUrl, startMongo } from '../store/mongo/server.js'
import { askJson } from '../support/ask.js'
import { type Provider, startProvider } from '../support/provider.js'
import { type ServiceProcess, startServiceProcess, temporaryFolder } from '../support/service-process.js'
import { memoryOf, untilQuiet } from '../support/vitals.js'
import { type Watched, watch } from '../support/watch.js'
import { allMixes, type Mix } from './mixes.js'

/** Most memory in MB, with pictures or portraits and without (contract of the service). */
const MAX_MB = { with: 900, without: 600 }
/** Longest wait for a small request, in milliseconds. */
const MAX_WAIT_MS = 2_000
/** How long a mix may take, and how long the counts may take to return afterwards, in milliseconds. */
const MIX_MS = 90_000
const QUIET_MS = 75_000

const { values } = parseArgs({
  options: { mix: { type: 'string' }, store: { type: 'string', default: 'sqlite' } },
})
const folder = temporaryFolder()
const provider = await startProvider()
const mongo = values.store === 'mongo' ? await startMongo() : undefined
const wanted = values.mix?.split(',')
const mixes = (await allMixes()).filter(
  ({ id }) => wanted?.some((each) => id.replace(/[a-z]/, '') === each || id === each) ?? true,
)

console.log(`Store: ${mongo?.kind ?? 'SQLite'}; Node ${process.version}\n`)
console.log('| mix | largest RSS | RSS after | longest wait | statuses | small requests | found |')
console.log('| --- | --- | --- | --- | --- | --- | --- |')
let failed = 0
for (const mix of mixes) if (!(await holds(mix))) failed += 1
provider.close()
await mongo?.stop()
console.log(`\n${mixes.length} mixes, ${failed} beyond the bounds`)
process.exitCode = failed === 0 && mixes.length > 0 ? 0 : 1

interface Outcome {
  statuses: Record<string, number>
  small: Record<string, Watched>
  /** As last seen. */
  memory: { now: number; largest: number } | undefined
  hasEnded: boolean
  quiet: string[]
}

/** Runs one mix and prints its row. */
async function holds(mix: Mix): Promise<boolean> {
  const dataDir = mkdtempSync(join(folder, 'mix-'))
  const env = {
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    OPENAI_BASE_URL: provider.url,
    IMAGE_RATE_PER_MINUTE: '1000',
    ...(mongo !== undefined && { MONGODB_URL: freshMongoUrl(mongo.url) }),
  }
  const first = await startServiceProcess({ env })
  await mix.prepare?.({ base: first.url, provider, count: () => undefined })
  const body = JSON.stringify({ name: 'Small' })
  const { id } = await askJson(first.url, { path: '/api/projects/small/personas', body })
  await first.stopWell()
  const service = await startServiceProcess({ env })
  const outcome = await measure(service, { mix, provider, persona: `/api/projects/small/personas/${id}` })
  await service.stop('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
  return report(mix, outcome)
}

async function measure(
  { url: base, pid }: ServiceProcess,
  { mix, provider, persona }: { mix: Mix; provider: Provider; persona: string },
): Promise<Outcome> {
  const stopWatching = await watch(base, [
    { name: 'health', everyMs: 50, path: '/healthz' },
    { name: 'persona', everyMs: 50, path: persona },
    ...(mix.watch ?? []),
  ])
  await delay(1_000)
  let memory = memoryOf(pid)
  const sampling = setInterval(() => {
    memory = memoryOf(pid) ?? memory
  }, 200)
  const statuses: Record<string, number> = {}
  const count = (status: number | string) => {
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  await Promise.race([
    mix.run({ base, provider, count }),
    delay(MIX_MS, undefined, { ref: false }).then(() => count(`not over after ${MIX_MS / 1000} s`)),
  ])
  // What is under way still, such as a portrait whose caller is gone, counts too.
  await delay(1_000)
  const small = await stopWatching()
  const hasEnded = memoryOf(pid) === undefined
  const quiet = hasEnded ? [] : await untilQuiet(base, QUIET_MS)
  clearInterval(sampling)
  return { statuses, small, memory: memoryOf(pid) ?? memory, hasEnded, quiet }
}

function report(mix: Mix, { statuses, small, memory, hasEnded, quiet }: Outcome): boolean {
  const bound = mix.pictures ? MAX_MB.with : MAX_MB.without
  const waits = Object.entries(small)
  const found = [
    ...(hasEnded ? ['the process ended'] : []),
    ...(memory !== undefined && memory.largest > bound ? [`more than ${bound} MB`] : []),
    ...waits.flatMap(([name, { longestMs }]) =>
      longestMs > MAX_WAIT_MS ? [`${name} waited ${longestMs} ms`] : [],
    ),
    ...waits.flatMap(([name, { withoutRetryAfter: times }]) =>
      times > 0 ? [`${name}: ${times} without Retry-After`] : [],
    ),
    ...waits.flatMap(([name, each]) =>
      Object.keys(each.statuses).some(isFailure) ? [`${name} failed`] : [],
    ),
    ...(Object.keys(statuses).some((status) => !/^\d/.test(status) || status === '500')
      ? ['answers are missing or 500']
      : []),
    ...quiet,
  ]
  const counts = (of: Record<string, number>) =>
    Object.entries(of)
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')
  const longest = Math.max(...waits.map(([, { longestMs }]) => longestMs))
  const cells = [
    `${mix.id} ${mix.title}`,
    `${memory?.largest} MB`,
    hasEnded ? 'ended' : `${memory?.now} MB`,
    `${longest} ms`,
    counts(statuses),
    waits.map(([name, each]) => `${name} ${each.longestMs} ms (${counts(each.statuses)})`).join('; '),
    found.length === 0 ? 'holds' : `**${found.join('; ')}**`,
  ]
  console.log(`| ${cells.join(' | ')} |`)
  return found.length === 0
}

/** No answer, or an error that is not the caller's and not "come back later". */
function isFailure(status: string): boolean {
  return status === '0' || status === '500'
}
