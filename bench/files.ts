// What files of personas cost: imports beside single creates over one connection, the memory that an import and an
// export take above idle, and how long a small request waits meanwhile. Larger ratios are better.
// usage: npm run bench:files [-- --quick] [--runtime bun] [--only SQLite]

import { fire, median } from './load.js'
import { readOptions } from './options.js'
import { sample } from './sample.js'
import { type Filling, folder, seed } from './seed.js'
import { memoryOf, pinToOneCpu, type Runtime, type Server, startBuilt } from './servers.js'

const options = readOptions()
const runtime: Runtime = { command: options.runtime, prefix: pinToOneCpu() }
const ROUNDS = options.quick ? 1 : 5
/** How many personas a file that is imported has, and a project that is exported. */
interface Sizes {
  rows: number
  exported: number
}
const SOME: Sizes = { rows: 500, exported: 1_000 }
/** The most of one file. */
const MOST: Sizes = { rows: 5_000, exported: 10_000 }
/** Bytes of a file of personas with long prompts. */
const LARGE = 10 * 1024 * 1024
/** Milliseconds of single creates in each round. */
const CREATES = options.quick ? 300 : 3_000

const { description, systemPrompt, headers } = sample
const personaOf = (name: string) => ({ name, description, systemPrompt, headers })
const urlOf = ({ port }: Server, path: string) => `http://127.0.0.1:${port}${path}`

function say(store: string, what: string, found: string): void {
  console.log(`${`${store}, ${what}`.padEnd(58)}  ${found}`)
}

interface Imported {
  created: number
  unchanged: number
}

/** Imports personas. @throws Error unless all of them come to what is wanted */
async function importAll(
  server: Server,
  project: string,
  { personas, wanted }: { personas: object[]; wanted: keyof Imported },
): Promise<number> {
  const body = JSON.stringify(personas)
  const began = performance.now()
  const response = await fetch(urlOf(server, `/api/projects/${project}/personas/import`), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  const text = await response.text()
  const seconds = (performance.now() - began) / 1000
  if (!response.ok) throw new Error(`An import answered ${response.status}: ${text.slice(0, 200)}`)
  const report = JSON.parse(text) as Imported
  if (report[wanted] !== personas.length) throw new Error(`${report[wanted]} of the rows were ${wanted}`)
  return personas.length / seconds
}

/** Personas per second of imports, beside those of single creates over one connection. */
async function rates(store: string, server: Server, count: number): Promise<void> {
  const ratios: { fresh: number[]; same: number[] } = { fresh: [], same: [] }
  let made = 0
  const body = () => JSON.stringify(personaOf(`made ${made++}`))
  for (let round = 0; round <= ROUNDS; round += 1) {
    const personas = Array.from({ length: count }, (_, at) => personaOf(`imported ${at}`))
    const path = `/api/projects/created-${round}/personas`
    const single = await fire({
      port: server.port,
      shot: { method: 'POST', path, body },
      connections: 1,
      ms: CREATES,
    })
    const project = `imported-${round}`
    const fresh = await importAll(server, project, { personas, wanted: 'created' })
    const same = await importAll(server, project, { personas, wanted: 'unchanged' })
    // In the first, V8 compiles.
    if (round === 0) continue
    ratios.fresh.push(fresh / single.perSecond)
    ratios.same.push(same / single.perSecond)
  }
  const rows = count.toLocaleString('en-US')
  say(store, `import of ${rows} new`, `${median(ratios.fresh).toFixed(2)} of single creates (goal 5.00)`)
  say(
    store,
    `import of ${rows} unchanged`,
    `${median(ratios.same).toFixed(2)} of single creates (goal 10.00)`,
  )
}

/** The most memory in MB above idle, and the longest wait in ms for a small request, while something runs. */
async function besides(
  server: Server,
  run: () => Promise<unknown>,
): Promise<{ memory: number; wait: number }> {
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const idle = memoryOf(server)
  let [memory, wait] = [0, 0]
  const sampling = setInterval(() => {
    memory = Math.max(memory, memoryOf(server) - idle)
  }, 20)
  let isOver = false
  const asking = (async () => {
    while (!isOver) {
      const began = performance.now()
      await (await fetch(urlOf(server, '/healthz'))).text()
      wait = Math.max(wait, performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  await run().finally(() => {
    isOver = true
    clearInterval(sampling)
  })
  await asking
  return { memory: Math.max(memory, memoryOf(server) - idle), wait }
}

/** Reads an export to its end, and keeps none of it. */
async function readExport(server: Server, project: string): Promise<void> {
  const response = await fetch(urlOf(server, `/api/projects/${project}/personas/export`))
  if (!response.ok || response.body === null) throw new Error(`An export answered ${response.status}`)
  for await (const _ of response.body);
}

function sayCost(
  store: string,
  what: string,
  { memory, wait, goal }: { memory: number; wait: number; goal: number },
) {
  say(store, what, `${memory.toFixed(0)} MB above idle (goal ${goal}), longest wait ${wait.toFixed(0)} ms`)
}

async function measure(
  store: string,
  { rows: count, exported }: Sizes,
  start: (filling: Filling) => Promise<Server>,
): Promise<void> {
  if (!store.includes(options.only)) return
  const first = await start({})
  await rates(store, first, count)
  first.stop()
  const importing = await start({})
  const personas = Array.from({ length: count }, (_, at) => ({
    name: `p ${at}`,
    systemPrompt: 'x'.repeat(Math.floor(LARGE / count) - 60),
  }))
  const rows = count.toLocaleString('en-US')
  const cost = await besides(importing, () => importAll(importing, 'large', { personas, wanted: 'created' }))
  sayCost(store, `import of ${rows} in 10 MiB`, { ...cost, goal: 150 })
  importing.stop()
  const exporting = await start({ exported })
  const read = await besides(exporting, () => readExport(exporting, 'exported'))
  sayCost(store, `export of ${exported.toLocaleString('en-US')}`, { ...read, goal: 50 })
  exporting.stop()
}

await measure('SQLite', options.quick ? SOME : MOST, async (filling) =>
  startBuilt(runtime, { DATA_DIR: await seed(filling) }),
)

const { freshMongoUrl, startMongo } = await import('../test/store/mongo/server.js')
const { url, standIn, stop } = await startMongo()
// The stand-in looks through all that is there for each insert.
await measure('MongoDB', options.quick || standIn ? SOME : MOST, async (filling) => {
  const env = { DATA_DIR: folder(), MONGODB_URL: freshMongoUrl(url) }
  const filler = await startBuilt(runtime, env)
  for (const [project, count] of Object.entries(filling)) {
    for (let at = 0; at < count; at += SOME.rows) {
      const length = Math.min(SOME.rows, count - at)
      const personas = Array.from({ length }, (_, n) => personaOf(`persona ${at + n}`))
      await importAll(filler, project, { personas, wanted: 'created' })
    }
  }
  filler.stop()
  // What it took to fill is not idle.
  return startBuilt(runtime, env)
})
await stop()
process.exit(0)
