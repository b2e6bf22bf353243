// Mixes every operation with callers, disks, databases and providers that misbehave, chosen by a seed; then
// stops, and holds the built service to what must be as it was: counts, memory, what was acknowledged.
// usage: npm run test:chaos -- [--seed 1] [--minutes 1] [--store sqlite|mongo] [--scenario NAME] [--no-bounds]
// --no-bounds prints memory and waits, which depend on the machine, and judges all the rest.
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Ledger } from '../crash/ledger.js'
import { VERSIONS_KEPT } from '../crash/persona-changes.js'
import { verify } from '../crash/verify.js'
import { ask } from '../support/ask.js'
import { startProvider } from '../support/provider.js'
import { fill, noisePicture, provide, upload } from '../support/samples.js'
import { type ServiceProcess, startServiceProcess, temporaryFolder } from '../support/service-process.js'
import { memoryOf, untilQuiet } from '../support/vitals.js'
import { watch } from '../support/watch.js'
import { disturb, onMongo, onSmallDisk } from './faults.js'
import { findPersona, listTags, readVersions } from './persona-readers.js'
import { writePersonas } from './persona-writers.js'
import { Random } from './random.js'
import { read, readMalformed, readNothing, readPipelined, writeSlowly } from './readers.js'
import { scenarios } from './scenarios.js'
import type { Caller, Site } from './site.js'
import { talk, talkAndLeave } from './talkers.js'
import { writeConfig, writeImages } from './writers.js'

/** Callers at a time. */
const CALLERS = 16
/** Most memory, and most that may remain beyond what there was after the warm-up, in MB. */
const MAX_MB = 900
const MAX_KEPT_MB = 200
/** Longest wait of a plain caller, and of one that asks a database that may be away, in milliseconds. */
const MAX_WAIT_MS = 2_000
const MAX_STORE_WAIT_MS = 8_000
/** How long the counts may take to return: answers that nobody reads are held for 60 s. */
const QUIET_MS = 75_000
const SETTLE_MS = 30_000
const STOP_MS = 15_000

/** What callers do, and how often beside the rest. */
const actions = {
  personas: writePersonas,
  images: writeImages,
  config: writeConfig,
  find: findPersona,
  tags: listTags,
  versions: readVersions,
  read,
  malformed: readMalformed,
  pipelined: readPipelined,
  nothing: readNothing,
  slowly: writeSlowly,
  talk,
  leave: talkAndLeave,
}
const weights = {
  personas: 24,
  images: 8,
  config: 2,
  find: 8,
  tags: 2,
  versions: 6,
  read: 10,
  malformed: 3,
  pipelined: 1,
  nothing: 1,
  slowly: 2,
  talk: 8,
  leave: 2,
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    store: { type: 'string', default: 'sqlite' },
    scenario: { type: 'string' },
    'no-bounds': { type: 'boolean', default: false },
  },
})
const random = new Random(Number(values.seed))
const isMongo = values.store === 'mongo'
const dataDir = temporaryFolder()
const ground = isMongo ? await onMongo() : onSmallDisk(dataDir)
const provider = await startProvider()
const env = {
  DATA_DIR: dataDir,
  VERSIONS_KEPT: String(VERSIONS_KEPT),
  LOG_LEVEL: 'warn',
  OPENAI_BASE_URL: provider.url,
  IMAGE_RATE_PER_MINUTE: '100000',
  CHAT_RATE_PER_MINUTE: '100000',
  // Of providers that hang or never end, too, all is given back within the time of a run.
  CHAT_TIMEOUT_MS: '10000',
  ...ground.env,
}
const ledger = new Ledger()
const started = await startServiceProcess({ env })
const site: Site = {
  base: started.url,
  ledger,
  faults: ground.faults,
  isAtomic: !isMongo,
  statuses: {},
  bigIds: await fill(started.url, 'big', { count: 300, bytes: 6_700 }),
  pictureId: await upload(started.url, 'big', { picture: await noisePicture(1_800) }),
  later: [],
}
for (let at = 0; at < CALLERS; at += 1) await provide(site.base, `chaos-${at}`)
for (const project of ['plain', 'big']) await provide(site.base, project)
await servePlainCaller('before')
await delay(2_000)
const warm = memoryOf(started.pid)?.now ?? 0

const persona = `/api/projects/big/personas/${site.bigIds[0]}`
const stopWatching = await watch(site.base, [
  { name: 'health', everyMs: 100, path: '/healthz' },
  { name: 'persona', everyMs: 100, path: persona },
])
await misbehave()
const small = await stopWatching()
await Promise.all([...site.later.map((check) => check()), quiet(started)])
await holdToLedger('after the load')
await servePlainCaller('after')
await endWell(started)
const again = await startServiceProcess({ env })
site.base = again.url
await holdToLedger('after a restart')
await endWell(again)
provider.close()
await ground.close()
report()

/** Runs the scenarios and the callers side by side until the time is over. */
async function misbehave(): Promise<void> {
  const until = Date.now() + Number(values.minutes) * 60_000
  const isOver = () => Date.now() > until
  const caller = (project: string): Caller => ({ site, random: random.fork(), project })
  const names = values.scenario === undefined ? Object.keys(scenarios) : [values.scenario]
  // First, while the log of the database has no room of its own.
  if (names.includes('full-disk')) await scenarios['full-disk']?.(caller('full-disk'))
  const rest = names.filter((name) => name !== 'full-disk')
  if (values.scenario !== undefined) return runScenarios(rest, caller('scenarios'))
  await Promise.all([
    runScenarios(
      rest.sort(() => random.below(3) - 1),
      caller('scenarios'),
    ),
    disturb({ faults: ground.faults, provider, random: random.fork() }, isOver),
    ...Array.from({ length: CALLERS }, (_, at) => callOn(caller(`chaos-${at}`), isOver)),
  ])
}

async function runScenarios(names: string[], caller: Caller): Promise<void> {
  for (const name of names) {
    await scenarios[name]?.(caller)
    await delay(caller.random.below(3_000))
  }
}

async function callOn(caller: Caller, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const name = caller.random.weighted(weights)
    await actions[name](caller).catch((error) => ledger.check(false, `${name}: ${error?.stack ?? error}`))
    await delay(caller.random.below(30))
  }
}

async function quiet({ url, pid, output }: ServiceProcess): Promise<void> {
  const inUse = await untilQuiet(url, QUIET_MS)
  ledger.check(inUse.length === 0, `${QUIET_MS / 1000} s after the last request ${inUse.join(', ')}`)
  ledger.check(provider.openCalls() === 0, `${provider.openCalls()} calls to the provider are still open`)
  const warning = /\w+Warning: .*/.exec(output())?.[0]
  ledger.check(warning === undefined, `the process warned: ${warning}`)
  const memory = await settledMemory(url, pid)
  if (memory === undefined) return ledger.check(false, `the process ended: ${output().slice(-500)}`)
  console.log(
    `Memory: ${warm} MB after the warm-up, ${memory.now} MB after the load, ${memory.largest} MB at most`,
  )
  if (values['no-bounds']) return
  ledger.check(memory.largest <= MAX_MB, `the process took ${memory.largest} MB`)
  ledger.check(memory.now <= warm + MAX_KEPT_MB, `${memory.now - warm} MB of memory did not come back`)
}

/** Its memory once it has collected its garbage, which takes a little work: an idle process does not. */
async function settledMemory(url: string, pid: number) {
  for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline; ) {
    const memory = memoryOf(pid)
    if (memory === undefined || memory.now <= warm + MAX_KEPT_MB) return memory
    await ask(url, { path: '/api/projects/big/personas' }, { discard: true }).catch(() => undefined)
    await delay(50)
  }
  return memoryOf(pid)
}

/** Holds the service to all that it acknowledged; what was in doubt may be there or not, from then on for good. */
async function holdToLedger(when: string): Promise<void> {
  const before = ledger.violations.length
  await verify({ base: site.base, ledger, isAtomic: site.isAtomic }).catch((error) =>
    ledger.check(false, String(error)),
  )
  ledger.violations.push(...ledger.violations.splice(before).map((violation) => `${when}: ${violation}`))
}

/** A caller that does all as it should is served. */
async function servePlainCaller(when: string): Promise<void> {
  const { base, pictureId } = site
  const plain = '/api/projects/plain'
  const picture = await noisePicture(40)
  const imageBase64 = picture.toString('base64')
  const name = `Plain ${when}`
  const served = async (what: string, asked: Parameters<typeof ask>[1]) => {
    const answered = await ask(base, asked, { timeoutMs: 30_000 }).catch(() => undefined)
    const isServed = answered !== undefined && answered.status >= 200 && answered.status < 300
    const text = answered?.body.toString('utf8', 0, 150)
    ledger.check(
      isServed,
      `${when} the load a plain caller is not served: ${what} ${answered?.status} ${text}`,
    )
    return isServed && answered.headers['content-type']?.includes('json')
      ? JSON.parse(answered.body.toString())
      : undefined
  }
  const created = await served('create', {
    path: `${plain}/personas`,
    body: JSON.stringify({ name, systemPrompt: 'x' }),
  })
  await served('list', { path: `${plain}/personas` })
  await served('list through tRPC', {
    path: `/trpc/personas.list?input=${encodeURIComponent('{"projectId":"plain"}')}`,
  })
  const stored = await served('upload', {
    path: `${plain}/images`,
    body: JSON.stringify({ imageBase64, role: 'upload' }),
  })
  const raw = {
    path: `${plain}/images/file?role=upload`,
    headers: { 'Content-Type': 'image/png' },
    body: picture,
  }
  await served('raw upload', raw)
  await served('variant', { path: `${plain}/images/${stored?.id}?size=64&format=webp` })
  await served('large picture', { path: `/api/projects/big/images/${pictureId}` })
  const body = JSON.stringify({ messages: [{ role: 'assistant', content: 'How can I help?' }] })
  await served('turn', { path: `${plain}/personas/${created?.id}/simulate`, body })
  await served('portrait', { method: 'POST', path: `${plain}/personas/${created?.id}/generate-image` })
}

async function endWell(service: ServiceProcess): Promise<void> {
  const began = Date.now()
  const timer = setTimeout(() => process.kill(service.pid, 'SIGKILL'), STOP_MS)
  const { code, signal } = await service.stop()
  clearTimeout(timer)
  ledger.check(code === 0, `SIGTERM ended the process with ${code ?? signal} after ${Date.now() - began} ms`)
}

function report(): void {
  for (const [name, { longestMs, statuses, withoutRetryAfter }] of Object.entries(small)) {
    const bound = name === 'persona' && isMongo ? MAX_STORE_WAIT_MS : MAX_WAIT_MS
    console.log(`${name}: waited ${longestMs} ms at most`, statuses)
    if (!values['no-bounds'])
      ledger.check(longestMs <= bound, `a small request (${name}) waited ${longestMs} ms`)
    ledger.check(withoutRetryAfter === 0, `${withoutRetryAfter} × ${name} was refused without Retry-After`)
    const others = Object.keys(statuses).filter((status) => status !== '200' && status !== '503')
    ledger.check(others.length === 0, `a small request (${name}) was answered ${others}`)
  }
  // Waits are the service's own only where the machine is not busy with something else.
  console.log(
    `Load of the machine in the last minute: ${loadavg()[0]?.toFixed(1)}, of ${availableParallelism()} cores`,
  )
  console.log('Answers:', site.statuses)
  console.log('Acknowledged writes:', ledger.acknowledged)
  console.log('Writes in doubt, found done or undone:', ledger.inDoubt)
  for (const what of ground.notTested) console.log(`NOT TESTED: ${what}`)
  const violations = new Map<string, number>()
  for (const each of ledger.violations) violations.set(each, (violations.get(each) ?? 0) + 1)
  for (const [violation, times] of [...violations].slice(0, 40))
    console.log(`not ok (${times} times): ${violation}`)
  console.log(`${ledger.checks} checks, ${ledger.violations.length} violations, seed ${values.seed}`)
  // Causes of 5xx, at level error: one of each.
  const errors = started.output().match(/^.*"level":50.*$/gm) ?? []
  const causes = new Map(errors.map((error) => [/"message":"[^"]*"/.exec(error)?.[0], error]))
  for (const error of causes.values()) console.log(`log: ${error.slice(0, 1_500)}`)
  const scenario = values.scenario === undefined ? '' : ` --scenario ${values.scenario}`
  if (violations.size > 0) {
    console.log(
      `Repeat: npm run test:chaos -- --seed ${values.seed} --minutes ${values.minutes} --store ${values.store}${scenario}`,
    )
  }
  process.exitCode = violations.size === 0 ? 0 : 1
  // Callers that are held up for good keep nothing from ending.
  setTimeout(() => process.exit(), 5_000).unref()
}
