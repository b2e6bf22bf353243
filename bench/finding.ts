// What finding personas costs: CPU of the built service per request, and pages of a large project beside those of a
// small one. One project has very many personas, and a thousand others have a thousand each.
// usage: npm run bench:finding [-- --quick] [--runtime bun] [--only text]
// With MONGODB_URL it measures that MongoDB as well; without, a stand-in with few personas.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openMongoStore } from '../src/store/mongo/mongo.js'
import { openSqliteStore } from '../src/store/sqlite/sqlite.js'
import type { Store } from '../src/store/store.js'
import { type Comparison, comparer, type Pace } from './compare.js'
import { median } from './load.js'
import { readOptions } from './options.js'
import { sample } from './sample.js'
import { folder } from './seed.js'
import { pinToOneCpu, type Runtime, type Server, startBuilt } from './servers.js'

const options = readOptions()
const pace: Pace = options.quick
  ? { rounds: 2, ms: 150, warmUp: { requests: 1, ms: 150 } }
  : { rounds: 15, ms: 250, warmUp: { requests: 1_000, ms: 2_000 } }
const REPEATS = options.quick ? 5 : 40
/** Requests before any counts: V8 compiles. */
const WARM_UP = 20
const runtime: Runtime = { command: options.runtime, prefix: pinToOneCpu() }
const { compare, latencyTable } = comparer(pace)

/** How many personas there are in one project, and how many projects have a thousand. */
interface Size {
  many: number
  projects: number
}
const SMALL = 1_000

const WORDS =
  'impatient angry billing customer quick answers expects refund account technical detail polite confused shipping delay escalates manager price invoice order'.split(
    ' ',
  )
let random = 1
function pick(): number {
  random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
  return random
}

function persona(n: number) {
  const words = Array.from({ length: 14 }, () => WORDS[(pick() >> 8) % WORDS.length])
  const at = 1_769_594_400_000
  return {
    ...sample,
    id: randomUUID(),
    // Not in order of creation, as the times of the last change are not.
    name: `persona ${(n * 7_919) % 1_000_003} ${n}`,
    description: `${words.join(' ')}${n % 10_000 === 77 ? ' zebra' : ''}`,
    // By chance, as the numbers of one project's personas have much in common.
    tags: [String(WORDS[(pick() >> 8) % 10]), `group ${(pick() >> 8) % 10}`],
    version: 1,
    createdAt: new Date(at).toISOString(),
    updatedAt: new Date(at + ((n * 31) % 99_991)).toISOString(),
  }
}

/** Fills the projects in turn, so that the personas of one are not neighbours in the file. */
async function fill(store: Store, { many, projects }: Size, atOnce: number): Promise<void> {
  const total = many + projects * SMALL
  let made = 0
  let inMany = 0
  while (made < total) {
    const records = Array.from({ length: Math.min(atOnce, total - made) }, () => {
      made += 1
      const isMany = inMany * total < many * made
      if (isMany) inMany += 1
      return { projectId: isMany ? 'many' : `p${(made - inMany) % projects}`, persona: persona(made) }
    })
    await store.transfer.personas.append(records)
  }
  await store.close()
}

/** CPU time of all threads of a process, in ms. */
function cpuOf({ pid }: Server): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const times = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  )
  return times.reduce((sum, each) => sum + each, 0) / 1e6
}

async function read(server: Server, path: string): Promise<{ next: string | undefined; count: number }> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  const list = (await response.json()) as unknown[]
  return { next: /<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1], count: list.length }
}

/** The median of what a request takes of the service's CPU, and of its time, in ms. */
async function costOf(server: Server, path: string) {
  const cpu: number[] = []
  const wall: number[] = []
  let found = 0
  for (let n = -WARM_UP; n < REPEATS; n += 1) {
    const [before, began] = [cpuOf(server), performance.now()]
    found = (await read(server, path)).count
    if (n < 0) continue
    wall.push(performance.now() - began)
    cpu.push(cpuOf(server) - before)
  }
  return { cpu: median(cpu), wall: median(wall), found }
}

const QUERIES: [name: string, query: string][] = [
  ['q, a rare word', 'q=zebra'],
  ['q, a common word', 'q=billing'],
  ['q, two common words', 'q=billing+refund'],
  ['q, two characters, rare', 'q=qz'],
  ['q, two characters, common', 'q=an'],
  ['q, a rare word, by name', 'q=zebra&sort=name'],
  ['q, a common word, by name', 'q=billing&sort=name'],
  ['two tags', 'tag=billing&tag=group+2'],
  ['a tag, by name', 'tag=billing&sort=name'],
]
const SORTS = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name']

async function measure(store: string, server: Server, { many, projects }: Size): Promise<void> {
  const list = (project: string, query: string) => `/api/projects/${project}/personas?limit=50&${query}`
  const small = `p${Math.floor(projects / 2)}`
  // The first search of a large project lets its rows be indexed, beside it.
  await read(server, list('many', 'q=zebra'))
  await read(server, list('many', 'q=nothing'))
  for (let before = 0, now = cpuOf(server); now - before > 20; now = cpuOf(server)) {
    before = now
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }

  console.log(`\n${store}: ${many.toLocaleString('en-US')} in one project, ${projects} projects of ${SMALL}`)
  console.log('CPU and time of a request in ms, among 1,000 and among many'.padEnd(62), 'goal')
  for (const [name, query] of QUERIES) {
    if (!name.includes(options.only)) continue
    const [few, all] = [await costOf(server, list(small, query)), await costOf(server, list('many', query))]
    const show = ({ cpu, wall, found }: typeof few) =>
      `${cpu.toFixed(2).padStart(7)} ${wall.toFixed(1).padStart(6)} (${found})`.padEnd(20)
    console.log(`${name.padEnd(28)} ${show(few)} ${show(all)}`, query.startsWith('q') ? 'CPU < 3, < 60' : '')
  }
  const tags = await costOf(server, '/api/projects/many/tags')
  console.log(
    `${'tags'.padEnd(28)} ${''.padEnd(20)} ${tags.cpu.toFixed(2).padStart(7)} ${tags.wall.toFixed(1).padStart(6)}`,
  )

  const pageAt = async (project: string, query: string, at: number) => {
    let path = list(project, query)
    for (let n = 1; n < at; n += 1) path = (await read(server, path)).next ?? path
    return { server, shot: { path } }
  }
  const pages: Comparison[] = []
  for (const query of [...SORTS.map((sort) => `sort=${sort}`), 'tag=billing']) {
    const beside = async (at: number) => ({
      name: `${store}, ${query}, page ${at}`,
      connections: 10,
      ours: await pageAt('many', query, at),
      baselines: [{ name: 'the first page among 1,000', side: await pageAt(small, query, 1), atLeast: 0.8 }],
    })
    pages.push(await beside(1), await beside(query.startsWith('tag') ? 20 : Math.min(1_000, many / 100)))
  }
  for (const page of pages) if (page.name.includes(options.only)) await compare(page)
}

async function sqlite(): Promise<void> {
  const size = options.quick ? { many: 12_000, projects: 8 } : { many: 100_000, projects: 1_000 }
  const dataDir = folder()
  const began = performance.now()
  await fill(openSqliteStore(dataDir), size, 2_000)
  const bytes = statSync(join(dataDir, 'personas.db')).size / (size.many + size.projects * SMALL)
  console.log(
    `filled in ${((performance.now() - began) / 1000).toFixed(0)} s, ${bytes.toFixed(0)} bytes a persona`,
  )
  const server = await startBuilt(runtime, { DATA_DIR: dataDir })
  await measure('SQLite', server, size)
  server.stop()
}

async function mongo(): Promise<void> {
  const { startMongo } = await import('../test/store/mongo/server.js')
  const { url, standIn, stop } = await startMongo()
  const isSmall = options.quick || standIn
  const size = isSmall ? { many: 2_000, projects: 1 } : { many: 100_000, projects: 1_000 }
  // The stand-in looks through all that is there for each insert.
  await fill(await openMongoStore(url), size, standIn ? 20 : 2_000)
  const server = await startBuilt(runtime, { MONGODB_URL: url, DATA_DIR: folder() })
  await measure('MongoDB', server, size)
  server.stop()
  await stop()
}

await sqlite()
await mongo()
console.log(['', ...latencyTable].join('\n'))
process.exit(0)
