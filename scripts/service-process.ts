import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Longest wait for the line that says where the service listens, in milliseconds. */
const START_LIMIT = 30_000

const root = fileURLToPath(new URL('..', import.meta.url))
/** What runs the service: the build in `dist/`, or the sources as they are. */
export const entries = {
  built: [join(root, 'dist/main.js')],
  sources: ['--import', 'tsx', join(root, 'src/main.ts')],
}

/** How a process ended. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** The service in a process of its own. */
export interface ServiceProcess {
  /** Where it answers. */
  url: string
  pid: number
  ended: Promise<Ending>
  /** What it wrote so far, to stdout and stderr. */
  output(): string
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ending>
}

interface Spawned {
  child: ChildProcess
  output: () => string
  ended: Promise<Ending>
}

/** What a service is started with; its environment is this one and none of the surrounding process's. */
export interface Start {
  env: Record<string, string>
  entry?: string[]
}

/** Starts the service and does not wait for it. A port and loopback are chosen where `env` names none. */
export function spawnService({ env, entry = entries.built }: Start): Spawned {
  const child = spawn(process.execPath, entry, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  // 'close' comes once its output has been read to the end.
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    process.off('exit', kill)
    return { code, signal }
  })
  return { child, output: () => Buffer.concat(chunks).toString(), ended }
}

/** Starts the service and waits until it listens. @throws Error with its output if it ends before. */
export async function startServiceProcess(start: Start): Promise<ServiceProcess> {
  const { child, output, ended } = spawnService(start)
  const over = ended.then(({ code, signal }) => {
    throw new Error(`The service ended (${code ?? signal}) before it listened: ${output()}`)
  })
  // Once it listens, its end is no news.
  over.catch(() => undefined)
  const url = await Promise.race([over, listening(child, output)])
  return {
    url,
    // Set, as it was spawned.
    pid: child.pid ?? 0,
    ended,
    output,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

async function listening(child: ChildProcess, output: () => string): Promise<string> {
  const deadline = Date.now() + START_LIMIT
  while (Date.now() < deadline) {
    const url = /^Personas API on (\S+) with/m.exec(output())?.[1]
    if (url !== undefined) return url
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  child.kill('SIGKILL')
  throw new Error(`The service did not listen within ${START_LIMIT / 1000} s: ${output()}`)
}

/** A data directory that is removed when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'personas-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
