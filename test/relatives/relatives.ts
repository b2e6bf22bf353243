// Runs the tests that use MongoDB on other servers that speak its protocol, each where its toolchain is there.
// usage: npm run test:relatives [-- [--only mongo-java-server] [arguments for vitest, instead of all these tests]]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ferretdb } from './ferretdb.js'
import { mongoJavaServer } from './mongo-java-server.js'
import { builtOnce, isOnPath, type RelativeServer, start } from './server.js'

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const servers = [mongoJavaServer, ferretdb]
const args = process.argv.slice(2)
const only = args[0] === '--only' ? args.splice(0, 2)[1] : undefined
const given = args

/** The arguments of each run of vitest. */
function runsOn({ everyOperation }: RelativeServer): string[][] {
  if (given.length > 0) return [given]
  const driver = ['test/store/mongo/']
  return everyOperation ? [driver, ['--testNamePattern', "on '?MongoDB"]] : [driver]
}

interface Counts {
  passed: number
  failed: number
}

/** Runs tests; the report is left in a file of the folder. */
async function runTests(args: string[], env: Record<string, string>, folder: string): Promise<Counts> {
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  // Some of them are slow, each in something else; none has to be quick.
  const limits = ['--testTimeout=120000', '--hookTimeout=120000']
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...limits, ...args], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that does not load fails the run without a failed test.
  return { passed, failed: code === 0 ? failed : Math.max(1, failed) }
}

async function test(server: RelativeServer): Promise<Counts> {
  const built = await builtOnce(server)
  const folder = mkdtempSync(join(tmpdir(), 'personas-relative-'))
  const dataFolder = join(folder, 'data')
  mkdirSync(dataFolder)
  const { url, stop } = await start(server, built, dataFolder)
  try {
    const env = { MONGODB_URL: url, MONGODB_KIND: server.kind }
    const all = { passed: 0, failed: 0 }
    for (const args of runsOn(server)) {
      const { passed, failed } = await runTests(args, env, folder)
      all.passed += passed
      all.failed += failed
    }
    return all
  } finally {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function resultOf(server: RelativeServer): Promise<{ ok: boolean; line: string }> {
  const name = `${server.kind} ${server.version}`
  const missing = server.programs.filter((program) => !isOnPath(program))
  if (missing.length > 0) {
    return { ok: true, line: `NOT RUN: ${name}, as ${missing.join(' and ')} is not on the PATH` }
  }
  console.log(`\n== ${name}`)
  const began = performance.now()
  try {
    const { passed, failed } = await test(server)
    const seconds = Math.round((performance.now() - began) / 1000)
    const ok = failed === 0 && passed > 0
    const counts = `${passed} tests passed, ${failed} failed, in ${seconds} s`
    return { ok, line: `${ok ? 'PASSED' : 'FAILED'}: ${name}: ${counts}` }
  } catch (error) {
    return { ok: false, line: `FAILED: ${name}: ${error instanceof Error ? error.message : error}` }
  }
}

if (only !== undefined && !servers.some(({ kind }) => kind === only)) {
  throw new Error(`There is no ${only}: --only takes ${servers.map(({ kind }) => kind).join(' or ')}`)
}
const results: { ok: boolean; line: string }[] = []
for (const server of servers) {
  if (only === undefined || server.kind === only) results.push(await resultOf(server))
  else
    results.push({
      ok: true,
      line: `NOT RUN: ${server.kind} ${server.version}, as only ${only} was asked for`,
    })
}
console.log(`\n${results.map(({ line }) => line).join('\n')}`)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
