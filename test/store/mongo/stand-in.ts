import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, constants, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// Speaks MongoDB's protocol and keeps unique indexes, which is most of what the store asks for; in memory only,
// without query plans, replica sets or pipeline updates, and with races of its own: findOneAndUpdate is not one
// step, and an update can be acknowledged beside a deletion of the same version. Apache-2.0.
const PACKAGE = '@jongodb/memory-server-bin-linux-x64-gnu'
const VERSION = '0.1.6'
const SHA256 = 'c53888f078d7f5f38d5386685044cf54dd94aaf831ebc09c76f1d4fbc321b625'
const START_MS = 10_000

const cache = fileURLToPath(new URL(`../../../node_modules/.cache/jongodb-${VERSION}`, import.meta.url))
const binary = join(cache, 'node_modules', PACKAGE, 'bin', 'jongodb')

/** Starts a native process that stands in for mongod, fetched from npm once. Linux x64 with glibc only. */
export async function startStandIn(): Promise<{ url: string; name: string; stop(): Promise<void> }> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('only for Linux on x64')
  await fetchOnce()
  const server = spawn(binary, ['--port=0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(server, 'exit').catch(() => [])
  const lines = createInterface({ input: server.stdout })
  const timer = setTimeout(kill, START_MS)
  for await (const line of lines) {
    const url = /^JONGODB_URI=(\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    clearTimeout(timer)
    server.stdout.resume()
    return {
      url,
      name: `jongodb ${VERSION}`,
      async stop() {
        process.off('exit', kill)
        kill()
        await ended
      },
    }
  }
  throw new Error(`${binary} ended before it listened`)
}

async function fetchOnce(): Promise<void> {
  if (await isFetched()) return
  await mkdir(cache, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  await promisify(execFile)('npm', ['install', '--prefix', cache, ...quiet, `${PACKAGE}@${VERSION}`], {
    timeout: 60_000,
  })
  if (!(await isFetched())) throw new Error(`${binary} is not the expected file`)
}

async function isFetched(): Promise<boolean> {
  try {
    await access(binary, constants.X_OK)
    return (
      createHash('sha256')
        .update(await readFile(binary))
        .digest('hex') === SHA256
    )
  } catch {
    return false
  }
}
