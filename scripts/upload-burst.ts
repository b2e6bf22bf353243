// Fifty uploads of 10 MB at once, as JSON and as raw bodies, while small requests go on: the p99 of
// GET persona before and during the burst, and the largest memory of the service.
// usage: npm run build && npm run bench:uploads [-- uploads]
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'

const UPLOADS = Number(process.argv[2] ?? 50)
const PORT = 20_000 + Math.floor(Math.random() * 12_000)
const base = `http://127.0.0.1:${PORT}/api/projects/burst`
const dataDir = mkdtempSync(join(tmpdir(), 'personas-burst-'))
const env = { ...process.env, PORT: String(PORT), DATA_DIR: dataDir, LOG_LEVEL: 'warn' }
const service = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] })

function memory(): number {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

async function json(path: string, init?: RequestInit): Promise<any> {
  const response = await fetch(`${base}${path}`, init)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** A picture of some 10 MB that does not compress: noise. */
function noise(width: number, height: number) {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  return sharp({ create: { width, height, channels: 3, background: 'red', noise } })
}

function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** Latencies of one GET after another, in ms, until `done`. */
async function probe(path: string, done: () => boolean): Promise<number[]> {
  const latencies: number[] = []
  while (!done()) {
    const start = performance.now()
    await json(path)
    latencies.push(performance.now() - start)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return latencies
}

async function burst(name: string, picture: Buffer, raw: boolean): Promise<void> {
  const { id } = await json('/personas', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  const start = Date.now()
  const before = await probe(`/personas/${id}`, () => Date.now() > start + 2_000)
  const body = raw ? picture : JSON.stringify({ imageBase64: picture.toString('base64'), role: 'upload' })
  const headers = { 'Content-Type': raw ? 'image/png' : 'application/json' }
  let finished = false
  let peak = memory()
  const watch = setInterval(() => {
    peak = Math.max(peak, memory())
  }, 20)
  const began = performance.now()
  const statuses: Record<string, number> = {}
  const uploads = Array.from({ length: UPLOADS }, async () => {
    const response = await fetch(`${base}/images${raw ? '?role=upload' : ''}`, {
      method: 'POST',
      headers,
      body,
    })
    await response.text()
    statuses[response.status] = (statuses[response.status] ?? 0) + 1
  })
  const all = Promise.allSettled(uploads).then(() => {
    finished = true
  })
  const during = await probe(`/personas/${id}`, () => finished)
  await all
  clearInterval(watch)
  const ms = (value: number) => `${value.toFixed(1)} ms`
  console.log(
    [
      `${name}: ${UPLOADS} × ${(picture.length / 1e6).toFixed(1)} MB`,
      `${((performance.now() - began) / 1000).toFixed(1)} s, statuses ${JSON.stringify(statuses)}`,
      `GET p50/p99 before ${ms(percentile(before, 0.5))}/${ms(percentile(before, 0.99))}`,
      `during ${ms(percentile(during, 0.5))}/${ms(percentile(during, 0.99))} (${during.length} requests)`,
      `largest memory ${peak.toFixed(0)} MB`,
    ].join('; '),
  )
}

try {
  await new Promise((resolve) => service.stdout?.once('data', resolve))
  const png = await noise(1_820, 1_820).png({ compressionLevel: 1 }).toBuffer()
  const jpeg = await noise(6_000, 4_000).jpeg({ quality: 50 }).toBuffer()
  await burst('PNG in JSON', png, false)
  await burst('PNG, raw', png, true)
  await burst('JPEG of 24 megapixels, raw', jpeg, true)
} finally {
  service.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
}
