// Sends generated requests to the built service, made from its OpenAPI document: valid, nearly valid and wild,
// through REST and tRPC, and bytes that are hardly HTTP. Holds every answer to the document.
// usage: npm run test:fuzz -- [--requests 20000] [--seed N]
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { startServiceProcess, temporaryFolder } from '../support/service-process.js'
import { ApiDocument } from './document.js'
import { type Answer, Judge, type Sent } from './judge.js'
import { residentMiB } from './memory.js'
import { Pool } from './pool.js'
import { startProvider } from './provider.js'
import { rawRequest } from './raw-requests.js'
import { type Plan, restRequest } from './requests.js'
import { answersIn, send, sendRaw } from './sockets.js'
import { trpcRequest } from './trpc-requests.js'

/** Requests under way at once. */
const AT_ONCE = 8
/** How far resident memory may grow from the end of the warm-up (a quarter of the requests), in MiB. */
const GROWTH = 96

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } },
})
const total = Number(values.requests)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.log(`${total} requests from seed ${seed}`)

const provider = await startProvider()
const service = await startServiceProcess({
  env: { DATA_DIR: temporaryFolder(), LOG_LEVEL: 'error', OPENAI_BASE_URL: provider.url },
})
const base = new URL(service.url)
const document = new ApiDocument(new URL('../../openapi.json', import.meta.url))
const judge = new Judge(document)
const pool = new Pool()

for (const project of pool.projects) {
  const body = Buffer.from(JSON.stringify({ llmSettings: { provider: 'openai', apiKey: 'sk-fuzz' } }))
  const target = `/api/projects/${encodeURIComponent(project)}/config`
  await send(base, { method: 'PUT', target, headers: { 'Content-Type': 'application/json' }, body })
}

const faults: string[] = []
const counts = new Map<string, Map<number, number>>()

function count(name: string, status: number) {
  const statuses = counts.get(name) ?? new Map<number, number>()
  counts.set(name, statuses.set(status, (statuses.get(status) ?? 0) + 1))
}

function report(what: string, fault: string | undefined) {
  if (fault !== undefined) faults.push(`${what.slice(0, 400)} ${fault}`)
}

async function sendPlan(plan: Plan): Promise<void> {
  const sent: Sent = plan(pool)
  const what = `${sent.method} ${sent.target} ${JSON.stringify(sent.headers)} ${sent.body?.toString().slice(0, 200) ?? ''}`
  const answer: Answer | Error = await send(base, sent).catch((error: Error) => error)
  if (answer instanceof Error) return report(what, answer.message)
  count(judge.nameOf(sent), answer.status)
  const fault = judge.fault(sent, answer)
  report(what, fault)
  if (fault === undefined) pool.learn(sent, answer)
}

async function sendBytes(bytes: Buffer): Promise<void> {
  const what = `the bytes ${JSON.stringify(bytes.toString('latin1').slice(0, 300))}`
  const received = await sendRaw(base, bytes).catch((error: Error) => error)
  if (received instanceof Error) return report(what, received.message)
  const answers = answersIn(received)
  if (answers === undefined)
    return report(what, `were answered with ${received.toString('latin1').slice(0, 200)}`)
  // Empty lines before a request are no request.
  if (answers.length === 0 && /[^\r\n]/.test(bytes.toString('latin1'))) report(what, 'were not answered')
  for (const answer of answers) {
    count('raw sockets', answer.status)
    if (answer.status >= 500) report(what, `were answered ${answer.status}`)
    if (answer.headers['x-request-id'] === undefined)
      report(what, `were answered ${answer.status} without X-Request-Id`)
    if (answer.status < 400 || answer.body.length === 0) continue
    const error = JSON.parse(answer.body.toString())
    report(what, document.fault(error, { $ref: '#/components/schemas/ApiError' }))
  }
}

const rest = fc.oneof(
  ...document.operations.map((operation) => ({
    // A portrait takes a second of work, and a deleted project leaves nothing to meet.
    weight: operation.id.startsWith('generate') ? 3 : operation.id === 'deleteProject' ? 1 : 12,
    arbitrary: restRequest(document, operation),
  })),
)
const work: fc.Arbitrary<() => Promise<void>> = fc.oneof(
  { weight: 65, arbitrary: rest.map((plan) => () => sendPlan(plan)) },
  { weight: 30, arbitrary: trpcRequest(document).map((plan) => () => sendPlan(plan)) },
  { weight: 5, arbitrary: rawRequest.map((bytes) => () => sendBytes(bytes)) },
)

/** Runs works, several at once, until there are none. */
async function run(works: (() => Promise<void>)[]): Promise<void> {
  const worker = async () => {
    for (let next = works.pop(); next !== undefined; next = works.pop()) await next()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const began = Date.now()
let ended = false
void service.ended.then(() => {
  ended = true
})
let warm: number | undefined
let done = 0
for (let part = 0; done < total && !ended && faults.length < 20; part += 1) {
  const numRuns = Math.min(500, total - done)
  await run(fc.sample(work, { numRuns, seed: seed + part }))
  done += numRuns
  if (done >= total / 4) warm ??= residentMiB(service.pid)
}
const seconds = (Date.now() - began) / 1000
if (ended) faults.push(`The service ended: ${service.output().slice(-2_000)}`)
await new Promise((resolve) => setTimeout(resolve, 2_000))
const resident = residentMiB(service.pid)
if (warm !== undefined && resident !== undefined && resident > warm + GROWTH) {
  faults.push(`Resident memory grew from ${warm} to ${resident} MiB, by more than ${GROWTH}`)
}
const ending = await service.stop()
if (ending.code !== 0) faults.push(`The service ended with ${ending.code ?? ending.signal}`)
await provider.close()

for (const [name, statuses] of [...counts].sort()) {
  const sorted = [...statuses].sort(([a], [b]) => a - b)
  console.log(`${name.padEnd(24)} ${sorted.map(([status, times]) => `${status}: ${times}`).join('  ')}`)
}
console.log(
  `${done} requests in ${seconds.toFixed(1)} s; memory ${warm ?? '?'} MiB warm, ${resident ?? '?'} MiB at the end`,
)
if (service.output().includes('"level":50'))
  faults.push(`The log has errors: ${service.output().slice(0, 1_000)}`)
for (const fault of faults.slice(0, 20)) console.log(`not ok: ${fault}`)
console.log(`${faults.length} faults; this run again: --requests ${total} --seed ${seed}`)
process.exitCode = faults.length === 0 ? 0 : 1
