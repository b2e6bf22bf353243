// Attacks the built service with clients that dribble or read nothing, and measures what others notice of it:
// p99 of a small GET, how long a dribbler is borne with, and what slow readers of large answers hold.
// usage: tsx scripts/slow-clients.ts [--clients 500] [--readers 40]
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { residentMiB } from './fuzz/memory.js'
import { startServiceProcess, temporaryFolder } from './service-process.js'
import { attack, type Client, head, kinds, project } from './slow-clients/attack.js'

/** A dribbler must be gone by then, in milliseconds. */
const CUT = 30_000
/** A reader that takes nothing must be gone by then, in milliseconds. */
const READER_CUT = 75_000

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '500' }, readers: { type: 'string', default: '40' } },
})
const service = await startServiceProcess({ env: { DATA_DIR: temporaryFolder(), LOG_LEVEL: 'error' } })
const base = new URL(service.url)
const { hostname, port } = base
const agent = new Agent({ keepAlive: true })

/** Milliseconds until a small GET is answered whole. */
function timeGet(path: string): Promise<number> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const sending = request({ hostname, port, path, agent, timeout: 10_000 }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - started)
        else reject(new Error(`GET answered ${response.statusCode}`))
      })
    })
    sending.on('timeout', () => sending.destroy(new Error('GET was not answered within 10 s')))
    sending.on('error', reject).end()
  })
}

/** The 50th and 99th percentile of GETs, a hundred a second, for so long. */
async function measure(path: string, ms: number) {
  const times: number[] = []
  for (const started = Date.now(); Date.now() - started < ms; ) {
    times.push(await timeGet(path))
    await delay(10)
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => (times[Math.floor(times.length * part)] ?? Number.NaN).toFixed(1)
  return {
    count: times.length,
    p50: at(0.5),
    p99: at(0.99),
    longest: (times.at(-1) ?? Number.NaN).toFixed(1),
  }
}

/** What becomes of a small upload, and after how long. */
async function timeUpload(): Promise<string> {
  const started = Date.now()
  const body = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#f80' } })
    .png()
    .toBuffer()
  const headers = { 'Content-Type': 'image/png' }
  const url = `${service.url}${project}/images?role=upload`
  const { status } = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })
  return `${status} after ${((Date.now() - started) / 1_000).toFixed(1)} s`
}

function report(clients: Client[]): boolean {
  let holds = true
  for (const kind of new Set(clients.map((client) => client.kind))) {
    const own = clients.filter((client) => client.kind === kind)
    const cut = own.flatMap(({ cutAfter }) => cutAfter ?? [])
    const longest = Math.max(...cut) / 1_000
    console.log(`${kind}: ${cut.length} of ${own.length} cut, the last after ${longest.toFixed(1)} s`)
    holds &&= cut.length === own.length
  }
  return holds
}

async function dribble(path: string): Promise<boolean> {
  const count = Number(values.clients)
  const entries = Object.entries(kinds)
  const clients = Array.from({ length: count }, (_, at) => {
    const [kind, bytes] = entries[at % entries.length] ?? ['sends nothing', { begin: '', drip: '' }]
    return attack(base, kind, bytes)
  })
  const upload = timeUpload()
  const during = await measure(path, 25_000)
  console.log(`small GET while ${count} clients dribble:`, during)
  console.log('one upload while they do:', await upload)
  await delay(Math.max(0, CUT - 25_000))
  const holds = report(clients)
  for (const { socket } of clients) socket.destroy()
  return holds
}

/** Asks for a large image and reads none of it. */
async function readNothing(): Promise<boolean> {
  const side = 1_800
  const png = await sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer()
  const upload = await fetch(`${service.url}${project}/images?role=upload`, {
    method: 'POST',
    headers: { 'Content-Type': 'image/png' },
    body: new Uint8Array(png),
  })
  // Documented: an upload answers the id.
  const { id } = (await upload.json()) as { id: string }
  const before = residentMiB(service.pid)
  const target = head(`GET ${project}/images/${id}`)
  const readers = Array.from({ length: Number(values.readers) }, () => {
    const client = attack(base, 'reads nothing of a large image', { begin: `${target}\r\n`, drip: '' })
    client.socket.pause()
    return client
  })
  await delay(3_000)
  console.log(
    `${readers.length} readers of ${(png.length / 1e6).toFixed(1)} MB: ${before} MiB before, ${residentMiB(service.pid)} during`,
  )
  await delay(READER_CUT - 3_000)
  // A paused socket hears of its end when it is read again; what the service still holds comes whole.
  const received = await Promise.all(
    readers.map(async ({ socket }) => {
      let bytes = 0
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.resume()
      await delay(3_000)
      return bytes
    }),
  )
  const held = received.filter((bytes) => bytes > png.length).length
  for (const { socket } of readers) socket.destroy()
  console.log(
    `after ${READER_CUT / 1_000} s ${held} of ${readers.length} answers are still held, memory ${residentMiB(service.pid)} MiB`,
  )
  return held === 0
}

const created = await fetch(`${service.url}${project}/personas`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ name: 'n' }),
})
// Documented: a creation answers the persona.
const { id } = (await created.json()) as { id: string }
const path = `${project}/personas/${id}`
await measure(path, 2_000)
console.log('small GET before:', await measure(path, 5_000))
const outcomes = [await dribble(path), await readNothing()]
agent.destroy()
await service.stop()
process.exitCode = outcomes.every(Boolean) ? 0 : 1
