import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What stops a test that reaches into a service of another process; such tests are counted apart. */
export const OUT_OF_REACH = 'A service in another process cannot be reached into'

/** How long a service may take to start, and to stop, in milliseconds. */
const PATIENCE = 30_000
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

const running = new Set<ChildProcess>()

/** Ends, without more ado, what runs still. */
export function killServices(): void {
  for (const child of running) child.kill('SIGKILL')
}
process.once('exit', killServices)

/** The service in a process of its own. */
export interface BuiltService {
  url: string
  /** Stops it by SIGTERM. @throws Error unless it exits 0 after that. */
  stop(): Promise<void>
}

/**
 * Runs a program that serves, and waits for the line that says where. It is given a port of its own on
 * loopback, and no variable of this process's environment but PATH and those given.
 *
 * @throws Error with what it wrote where it ends instead
 */
export async function serve(command: string[], env: Record<string, string>): Promise<BuiltService> {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  const kill = () => child.kill('SIGKILL')
  const lines: string[] = []
  const ended = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    const fail = () => reject(new Error(`${program} did not serve:\n${lines.join('\n')}`))
    const timer = setTimeout(kill, PATIENCE)
    child.once('error', reject).once('close', fail)
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line)
        const found = /^Personas API on (\S+)/.exec(line)?.[1]
        if (found === undefined) return
        clearTimeout(timer)
        resolve(found)
      })
    }
  })
  return {
    url,
    async stop() {
      const timer = setTimeout(kill, PATIENCE)
      child.kill('SIGTERM')
      const [code, signal] = await ended
      clearTimeout(timer)
      if (code !== 0) throw new Error(`${program} ended by ${signal ?? code}:\n${lines.join('\n')}`)
    },
  }
}

/** Runs the service as built in `dist/`. */
export function serveBuilt(runtime: string, env: Record<string, string>): Promise<BuiltService> {
  return serve([runtime, main], env)
}
