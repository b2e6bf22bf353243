// Runs the tests that use MongoDB on other servers that speak its protocol, each where its toolchain is there.
// usage: npm run test:relatives [-- arguments for vitest, instead of all these tests]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ferretdb } from './relatives/ferretdb.js'
import { mongoJavaServer } from './relatives/mongo-java-server.js'
import { builtOnce, isOnPath, type RelativeServer, start } from './relatives/server.js'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const given = process.argv.slice(2)
/** The driver's own tests, and those of every operation that run on each store. */
const runs = given.length > 0 ? [given] : [['test/store/mongo'], ['--testNamePattern', 'on MongoDB']]

async function passes(args: string[], env: Record<string, string>): Promise<boolean> {
  const child = spawn(process.execPath, [vitest, 'run', ...args], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  return code === 0
}

async function test(server: RelativeServer): Promise<boolean> {
  const folder = await builtOnce(server)
  const dataFolder = mkdtempSync(join(tmpdir(), 'personas-relative-'))
  const { url, stop } = await start(server, folder, dataFolder)
  try {
    const env = { MONGODB_URL: url, MONGODB_KIND: server.kind }
    let passed = true
    for (const args of runs) passed = (await passes(args, env)) && passed
    return passed
  } finally {
    await stop()
    rmSync(dataFolder, { recursive: true, force: true })
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
    const ok = await test(server)
    const seconds = Math.round((performance.now() - began) / 1000)
    return { ok, line: `${ok ? 'PASSED' : 'FAILED'}: ${name}, after ${seconds} s` }
  } catch (error) {
    return { ok: false, line: `FAILED: ${name}: ${error instanceof Error ? error.message : error}` }
  }
}

const results: { ok: boolean; line: string }[] = []
for (const server of [mongoJavaServer, ferretdb]) results.push(await resultOf(server))
console.log(`\n${results.map(({ line }) => line).join('\n')}`)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
