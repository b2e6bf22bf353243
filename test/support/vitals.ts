import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './ask.js'

/** Memory of a process in MB, now and at its largest; undefined once it has ended. Linux only. */
export function memoryOf(pid: number): { now: number; largest: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const of = (name: string) =>
      Math.round((Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6)
    const memory = { now: of('VmRSS'), largest: of('VmHWM') }
    return Number.isNaN(memory.now) ? undefined : memory
  } catch {
    return undefined
  }
}

/** The gauges that are not where they belong: all at 0. */
export async function gaugesInUse(base: string): Promise<string[]> {
  const { status, body } = await ask(base, { path: '/metrics' }, { timeoutMs: 5_000 })
  if (status !== 200) return [`/metrics answered ${status}`]
  const lines = body.toString().matchAll(/^((?:limit_used|limit_waiting|\w+_running)(?:\{[^}]*\})?) (\S+)$/gm)
  return [...lines].flatMap(([, name = '', value]) => {
    return Number(value) > 0 ? [`${name} is ${value}`] : []
  })
}

/** Waits until every gauge is back, and gives those that are not by then. */
export async function untilQuiet(base: string, ms: number): Promise<string[]> {
  for (const deadline = Date.now() + ms; ; await delay(500)) {
    const inUse = await gaugesInUse(base).catch((error: Error) => [`/metrics: ${error.message}`])
    if (inUse.length === 0 || Date.now() > deadline) return inUse
  }
}
