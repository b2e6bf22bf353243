// Sends small requests at an even pace, each kind on connections of its own, and reports how long the answers
// took. A process of its own, so that the load's own work does not count as the service's.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Asked } from './ask.js'

/** A small request, and how often it is sent. */
export interface Small extends Omit<Asked, 'body'> {
  name: string
  everyMs: number
  /** In base64. */
  body?: string
}

/** What became of the requests of one kind. */
export interface Watched {
  /** The longest wait for an answer, in milliseconds, one that never came included. */
  longestMs: number
  /** How many got each status; 0 stands for no answer. */
  statuses: Record<string, number>
  /** How many 503 and 429 came without Retry-After. */
  withoutRetryAfter: number
}

const GIVE_UP_MS = 60_000
const TIMER_MS = 20

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [base = '', kinds = ''] = process.argv.slice(2)
  await watchHere(base, JSON.parse(kinds))
}

async function watchHere(base: string, kinds: Small[]): Promise<void> {
  const pending = new Set<Promise<void>>()
  const found: Record<string, Watched> = {}
  const timers = kinds.map((kind) => {
    const watched: Watched = { longestMs: 0, statuses: {}, withoutRetryAfter: 0 }
    found[kind.name] = watched
    const agent = new Agent({ keepAlive: true })
    return setInterval(() => {
      const sent = send(base, { kind, agent, watched })
      pending.add(sent)
      void sent.then(() => pending.delete(sent))
    }, kind.everyMs)
  })
  // Where this timer is late, the machine is busy, and waits are not the service's alone.
  const own: Watched = { longestMs: 0, statuses: {}, withoutRetryAfter: 0 }
  found['timer of the watch'] = own
  let last = performance.now()
  timers.push(
    setInterval(() => {
      const now = performance.now()
      own.longestMs = Math.max(own.longestMs, Math.round(now - last - TIMER_MS))
      last = now
    }, TIMER_MS),
  )
  process.send?.('ready')
  await once(process, 'message')
  for (const timer of timers) clearInterval(timer)
  await Promise.all(pending)
  process.send?.(found, () => process.exit())
}

function send(
  base: string,
  { kind, agent, watched }: { kind: Small; agent: Agent; watched: Watched },
): Promise<void> {
  const { method, path, headers, body } = kind
  const began = performance.now()
  return new Promise((resolve) => {
    const options = { method: method ?? 'GET', path, agent, headers: { ...headers }, timeout: GIVE_UP_MS }
    const sending = request(new URL(base), options, (response) => {
      const status = response.statusCode ?? 0
      const isHeldOff = status === 503 || status === 429
      if (isHeldOff && response.headers['retry-after'] === undefined) watched.withoutRetryAfter += 1
      response.on('error', () => undefined).resume()
      response.on('close', () => settle(response.complete ? status : 0))
    })
    const settle = (status: number) => {
      watched.statuses[status] = (watched.statuses[status] ?? 0) + 1
      watched.longestMs = Math.max(watched.longestMs, Math.round(performance.now() - began))
      resolve()
    }
    sending.on('timeout', () => sending.destroy())
    sending.on('error', () => settle(0))
    sending.end(body === undefined ? undefined : Buffer.from(body, 'base64'))
  })
}

/** Starts to watch a service; the function returned stops it, and gives what was found of each kind. */
export async function watch(base: string, kinds: Small[]): Promise<() => Promise<Record<string, Watched>>> {
  const execArgv = ['--import', 'tsx']
  const child = fork(fileURLToPath(import.meta.url), [base, JSON.stringify(kinds)], { execArgv })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  await once(child, 'message')
  return async () => {
    await delay(100)
    child.send('stop')
    const [found] = await once(child, 'message')
    process.off('exit', kill)
    return found as Record<string, Watched>
  }
}
