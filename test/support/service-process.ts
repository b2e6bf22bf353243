import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** How long a service may take to start, and to stop, in milliseconds. */
const PATIENCE = 30_000

/** What stops a test that reaches into a service of another process; such tests are counted apart. */
export const OUT_OF_REACH = 'A service in another process cannot be reached into'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The service as built in `dist/`, on this runtime or another. */
export function builtOn(runtime: string): string[] {
  return [runtime, join(root, 'dist/main.js')]
}

/** What runs the service on this runtime: the build in `dist/`, or the sources as they are. */
export const commands = {
  built: builtOn(process.execPath),
  sources: [process.execPath, '--import', 'tsx', join(root, 'src/main.ts')],
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
  /** Stops it by SIGTERM. @throws Error with its output unless it exits 0 after that. */
  stopWell(): Promise<void>
}

interface Spawned {
  child: ChildProcessByStdio<null, Readable, Readable>
  output: () => string
  ended: Promise<Ending>
}

/** What a service is started with; of the surrounding process's environment it sees PATH alone. */
export interface Start {
  env: Record<string, string>
  command?: string[]
}

const running = new Set<ChildProcess>()

/** Ends, without more ado, what runs still. */
export function killServices(): void {
  for (const child of running) child.kill('SIGKILL')
}
process.once('exit', killServices)

/** Starts the service and does not wait for it. A port and loopback are chosen where `env` names none. */
export function spawnService({ env, command = commands.built }: Start): Spawned {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  // 'close' comes once its output has been read to the end.
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    running.delete(child)
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
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return {
    url,
    // Set, as it was spawned.
    pid: child.pid ?? 0,
    ended,
    output,
    stop,
    async stopWell() {
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
      const { code, signal } = await stop()
      clearTimeout(timer)
      if (code !== 0) throw new Error(`The service ended by ${signal ?? code}: ${output()}`)
    },
  }
}

async function listening(child: ChildProcess, output: () => string): Promise<string> {
  const deadline = Date.now() + PATIENCE
  while (Date.now() < deadline) {
    const url = /^Personas API on (\S+) with/m.exec(output())?.[1]
    if (url !== undefined) return url
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  child.kill('SIGKILL')
  throw new Error(`The service did not listen within ${PATIENCE / 1000} s: ${output()}`)
}

/** A data directory that is removed when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'personas-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
