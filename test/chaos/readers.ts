import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { rawRequest } from '../fuzz/raw-requests.js'
import { type Asked, batchOf, bytesOf, type Manner, NoAnswer, sendUnread } from '../support/ask.js'
import type { Random } from './random.js'
import { type Caller, judgeRaw, type Site, send } from './site.js'

const BIG = '/api/projects/big'

/** A request that changes nothing. */
function anyRead({ bigIds, pictureId }: Site, random: Random): Asked {
  const size = random.of([64, 128, 256, 512, 1024])
  const format = random.of(['png', 'jpeg', 'webp'])
  const calls = 1 + random.below(6)
  const key = { projectId: 'big', id: random.of(bigIds) }
  const input = encodeURIComponent(JSON.stringify(key))
  // Of what every persona has, of what is nowhere, and too short for an index.
  const q = random.of(['persona', 'PERSÓNA 29', 'zebra crossing', '東京', '9'])
  const sort = random.of(['createdAt', '-updatedAt', 'name', '-name'])
  const found = `q=${encodeURIComponent(q)}&sort=${sort}&limit=${1 + random.below(500)}`
  return random.of<Asked>([
    { path: random.of(['/healthz', '/readyz', '/metrics', '/docs', '/openapi.json', '/nowhere', '/']) },
    { path: `${BIG}/personas/${random.of(bigIds)}` },
    { path: `${BIG}/personas?limit=${1 + random.below(500)}` },
    { path: random.of([`${BIG}/personas`, `${BIG}/images`, `${BIG}/config`, '/api/projects']) },
    {
      path: `${BIG}/images/${pictureId}${random.of(['', `?size=${size}`, `?size=${size}&format=${format}`])}`,
    },
    { path: `/trpc/personas.get?input=${input}` },
    { path: `${BIG}/personas?${found}${random.of(['', '&tag=crash', '&name=Persona%2029'])}` },
    {
      path: random.of([
        `${BIG}/tags`,
        `${BIG}/personas/${key.id}/versions`,
        `${BIG}/personas/${key.id}?version=1`,
      ]),
    },
    batchOf('personas.page', Array(calls).fill({ projectId: 'big', q, sort, limit: 1 + random.below(100) })),
    batchOf(random.of(['personas.tags', 'personas.versionsPage']), Array(calls).fill(key)),
    batchOf('personas.page', Array(calls).fill({ projectId: 'big', limit: 1 + random.below(100) })),
    batchOf('personas.list', Array(calls).fill({ projectId: 'big' })),
  ])
}

const HEADERS: Record<string, string>[] = [
  {},
  { 'X-Request-Id': 'chaos' },
  { Origin: 'http://elsewhere.example' },
  { 'If-None-Match': '*' },
  { 'Content-Type': 'text/plain', 'Content-Length': '0' },
]

/** Reads something in some way, as callers do or as none should. */
export async function read({ site, random }: Caller): Promise<void> {
  const method = random.weighted({ GET: 8, HEAD: 2, OPTIONS: 1, DELETE: 0, PATCH: 1 })
  const asked: Asked = { ...anyRead(site, random), method, headers: random.of(HEADERS) }
  const manner = random.of<Manner>([{}, {}, { resetAfterMs: random.below(80) }, { halfClose: true }])
  await send(site, asked, manner).catch((error) => {
    if (!(error instanceof NoAnswer)) throw error
  })
}

/** Sends what is no request, or hardly one. */
export async function readMalformed(caller: Caller): Promise<void> {
  const [bytes = Buffer.alloc(0)] = fc.sample(rawRequest, { seed: caller.random.below(2 ** 31), numRuns: 1 })
  await exchange(caller, bytes, { what: bytes.toString('latin1').slice(0, 80), readMs: 500 })
}

/** Sends up to thousands of requests on one connection without waiting for an answer. */
export async function readPipelined(caller: Caller): Promise<void> {
  const { site, random } = caller
  const count = random.of([2, 20, 200, 1_200, 3_000])
  const kinds = [anyRead(site, random), anyRead(site, random)].filter(
    ({ path }) => count < 100 || !/list|images/.test(path),
  )
  const requests = Array.from({ length: count }, (_, at) =>
    bytesOf(kinds[at % kinds.length] ?? { path: '/healthz' }),
  )
  const readMs = random.of([0, 0, 100, 2_000])
  await exchange(caller, Buffer.concat(requests), { what: `${count} pipelined requests`, readMs })
}

/** Asks for something and reads nothing of it for a while. */
export async function readNothing({ site, random }: Caller): Promise<void> {
  const requests = Array.from({ length: 1 + random.below(4) }, () => bytesOf(anyRead(site, random)))
  const socket = sendUnread(site.base, Buffer.concat(requests))
  await delay(200 + random.below(4_000))
  socket.resetAndDestroy()
}

/** Begins a request, sends a little of it at a time, and goes. */
export async function writeSlowly({ site, random }: Caller): Promise<void> {
  const body = JSON.stringify({ imageBase64: 'x'.repeat(random.of([10, 10_000, 1_000_000])), role: 'upload' })
  const path = random.of(['/api/projects/slow/images', '/trpc/images.upload', '/api/projects/slow/personas'])
  const whole = bytesOf({ path, body }, { chunked: random.below(2) === 0 })
  const socket = sendUnread(site.base, whole.subarray(0, 1 + random.below(whole.length - 2))).resume()
  const leaving = Date.now() + random.below(4_000)
  for (; Date.now() < leaving && !socket.destroyed; await delay(100)) socket.write('x')
  if (random.below(2) === 0) socket.end()
  else socket.resetAndDestroy()
}

interface Exchanged {
  what: string
  /** How long answers are read before the connection is reset, in milliseconds; 0 reads none. */
  readMs: number
}

async function exchange({ site, random }: Caller, bytes: Buffer, { what, readMs }: Exchanged): Promise<void> {
  const socket = sendUnread(site.base, bytes)
  let text = ''
  if (readMs > 0) socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  await delay(readMs + random.below(60))
  socket.resetAndDestroy()
  judgeRaw(site, { what, text })
}
