import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Relative } from '../store/mongo/server.js'

/** Longest wait for a server to listen, in ms. */
const START_MS = 60_000

/** A server that speaks MongoDB's protocol and is built here from its registry. */
export interface RelativeServer {
  kind: Relative
  version: string
  /** Whether the tests of every operation run on it, beside those of the driver. */
  everyOperation: boolean
  /** Programs that building and running it takes. */
  programs: string[]
  /** Puts all that `command` needs into an empty folder. */
  build(folder: string): Promise<void>
  /** Starts it on a free port, with its data in an empty folder. */
  command(folder: string, dataFolder: string): string[]
  /** Finds host and port in what it writes. */
  listening: RegExp
}

const exec = promisify(execFile)

/** Runs a program to its end. @throws Error with what it wrote, if it fails. */
export async function run(command: string[], folder: string): Promise<string> {
  const [program = '', ...args] = command
  return (await exec(program, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 })).stdout
}

export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** The folder with the server, which is built where it is not there yet. */
export async function builtOnce({ kind, version, build }: RelativeServer): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, `personas-api-${kind.toLowerCase()}-${version}`)
  if (existsSync(folder)) return folder
  console.log(`Building ${kind} ${version}; this is done once`)
  await mkdir(dirname(folder), { recursive: true })
  // Under another name until it is whole.
  const unfinished = await mkdtemp(`${folder}-`)
  await build(unfinished)
  await rename(unfinished, folder)
  return folder
}

/** Starts a server. @throws Error with its last lines if it does not listen. */
export async function start(
  { command, listening }: RelativeServer,
  folder: string,
  dataFolder: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const [program = '', ...args] = command(folder, dataFolder)
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(server, 'exit')
  const stop = async () => {
    server.kill('SIGKILL')
    await ended
  }
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  try {
    return { url: `mongodb://${await addressIn(server, listening)}/`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function addressIn(server: ChildProcess, listening: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const written: string[] = []
    const fail = () => reject(new Error(`It does not listen: ${written.slice(-5).join('\n')}`))
    const timer = setTimeout(fail, START_MS)
    server.once('error', reject)
    server.once('exit', fail)
    for (const stream of [server.stdout, server.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        const address = listening.exec(line)?.[1]
        if (address === undefined) {
          written.push(line.slice(0, 500))
          written.splice(0, written.length - 5)
          return
        }
        clearTimeout(timer)
        server.off('exit', fail)
        resolve(address)
      })
    }
  })
}
