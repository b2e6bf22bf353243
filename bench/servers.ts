import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface Server {
  port: number
  pid: number
  stop(): void
}

/** Pins this process, which sends the requests, and all servers to one CPU: two would measure their wake-ups. */
export function pinToOneCpu(): string[] {
  try {
    execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
    return ['taskset', '-c', '1']
  } catch {
    console.log('taskset is not to be had: nothing is pinned, and the figures swing more')
    return []
  }
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

let nextPort = 20_000 + Math.floor(Math.random() * 12_000)

/** Starts a process of the project and waits for its first line of output. */
async function start(command: string[], env: Record<string, string>, folder = root): Promise<Server> {
  const port = nextPort++
  const [file = '', ...args] = command
  const child: ChildProcess = spawn(file, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port), HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}`)))
  })
  // Without a listener the pipe would fill up.
  child.stdout?.resume()
  const stop = () => {
    child.kill('SIGKILL')
    running.delete(child)
  }
  return { port, pid: child.pid ?? 0, stop }
}

export interface Runtime {
  /** What runs JavaScript: node, or bun. */
  command: string
  prefix: string[]
}

/** The built service, of this checkout or of another. */
export function startBuilt(
  { command, prefix }: Runtime,
  env: Record<string, string>,
  checkout = root,
): Promise<Server> {
  return start([...prefix, command, 'dist/main.js'], { LOG_LEVEL: 'warn', ...env }, checkout)
}

/** One of the services in baseline.ts, on the same runtime. */
export function startBaseline({ command, prefix }: Runtime, env: Record<string, string>): Promise<Server> {
  const loader = command === 'node' ? ['--import', 'tsx'] : []
  return start([...prefix, command, ...loader, 'bench/baseline.ts'], env)
}

/** Resident memory of a server in MB. */
export function memoryOf({ pid }: Server): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
