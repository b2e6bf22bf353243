// Runs the black-box tests and the documented examples against the built service on each runtime.
// usage: npm run test:runtimes [-- node@24.21.0 ...]
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startVitest, type TestCase, type TestModule, type TestSuite } from 'vitest/node'
import { builtOn, OUT_OF_REACH, startServiceProcess } from '../support/service-process.js'
import { programOf, runtimes, versionOf } from './runtime.js'

interface TestResults {
  passed: number
  failed: { name: string; why: string }[]
  /** Tests that need the service in their own process. */
  apart: string[]
}

/** What came of one runtime. */
interface Results extends TestResults {
  name: string
  version: string
  /** Of the failed tests, those that are known to. */
  different: number
  documented: string
  ok: boolean
}

/** Where a runtime answers otherwise than the contract says, and why that is left as it is. */
const differences: Record<string, Record<string, string>> = {
  bun: {
    'malformed requests > OPTIONS * HTTP/1.1 is answered with 404':
      'Bun’s HTTP parser refuses this target before the service sees it, with 400',
  },
}

/** Every test that starts the service through the helper sees it from outside, unless it reaches into it. */
function blackBoxTests(): string[] {
  const root = new URL('../', import.meta.url)
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) =>
      /from '(\.\.\/)+support\/(helper|matrix)\.js'/.test(readFileSync(new URL(name, root), 'utf8')),
    )
    .map((name) => `test/${name}`)
    .sort()
}

/** Why a test did not pass: its own errors, or those of the hooks around it. */
function errorsOf(test: TestCase): string[] {
  const errors = [...(test.result().errors ?? [])]
  let around: TestSuite | TestModule = test.parent
  while (around.type === 'suite') {
    errors.push(...around.errors())
    around = around.parent
  }
  return [...errors, ...around.errors()].map(({ message }) => message)
}

async function runTests(program: string): Promise<TestResults> {
  process.env.PERSONAS_RUNTIME = program
  const vitest = await startVitest('test', blackBoxTests(), { run: true, watch: false, reporters: [{}] })
  const results: TestResults = { passed: 0, failed: [], apart: [] }
  for (const module of vitest.state.getTestModules()) {
    if (module.children.size === 0) {
      results.failed.push({ name: module.relativeModuleId, why: module.errors()[0]?.message ?? 'no tests' })
    }
    for (const test of module.children.allTests()) {
      const errors = errorsOf(test)
      if (test.result().state === 'passed') results.passed += 1
      else if (errors.includes(OUT_OF_REACH)) results.apart.push(test.fullName)
      else results.failed.push({ name: test.fullName, why: errors.join('; ') || test.result().state })
    }
  }
  await vitest.close()
  return results
}

async function runDocumented(program: string): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'personas-runtime-'))
  const service = await startServiceProcess({
    command: builtOn(program),
    env: { DATA_DIR: dataDir, LOG_LEVEL: 'warn' },
  })
  const script = ['--import', 'tsx', 'test/e2e/documented.ts', service.url]
  // It exits 1 where an example fails; what it wrote says which.
  const { stdout } = await promisify(execFile)(process.execPath, script).catch((error) => error)
  await service.stopWell()
  rmSync(dataDir, { recursive: true, force: true })
  return stdout.trim()
}

async function run(runtime: string): Promise<Results> {
  const program = programOf(runtime)
  const documented = await runDocumented(program)
  const results = await runTests(program)
  const known = differences[runtime.replace(/@.*/, '')] ?? {}
  const unknown = results.failed.filter(({ name }) => !(name in known))
  const gone = Object.keys(known).filter((name) => !results.failed.some((failure) => failure.name === name))
  for (const { name, why } of unknown) console.log(`not ok on ${runtime}: ${name}: ${why}`)
  for (const name of gone) console.log(`not ok on ${runtime}: no longer different: ${name}`)
  if (!documented.endsWith(' 0 failed')) console.log(`not ok on ${runtime}: ${documented}`)
  return {
    ...results,
    name: runtime.replace(/@.*/, ''),
    version: versionOf(program),
    different: results.failed.length - unknown.length,
    ok: unknown.length + gone.length === 0 && documented.endsWith(' 0 failed'),
    documented: documented.split('\n').at(-1) ?? '',
  }
}

const chosen = process.argv.slice(2)
const all: Results[] = []
for (const runtime of chosen.length > 0 ? chosen : runtimes) all.push(await run(runtime))

const head = ['Runtime', 'Version', 'Passed', 'Failed', 'Known to differ', 'Documented examples']
const rows = all.map(({ name, version, passed, failed, different, documented }) =>
  [name, version, passed, failed.length - different, different, documented].map(String),
)
console.log(
  `\n${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
)
const apart = new Set(all.flatMap((results) => results.apart))
console.log(`\n${apart.size} tests reach into the service, which only those of "npm test" can:`)
for (const name of apart) console.log(`- ${name}`)
process.exit(all.every(({ ok }) => ok) ? 0 : 1)
