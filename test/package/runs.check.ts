import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { programOf, runtimes } from '../runtimes/runtime.js'
import { compilers, run, vite } from './tools.js'

const { project } = inject('client')
const service = inject('service')
const { url, apiKey } = service
const HOLDS = 'every check holds'
const call = `console.log(await useClient(${JSON.stringify({ url, apiKey })}))`

/** Evaluates a browser's script with what browsers have, and none of Node's globals; gives what it logged. */
async function evaluate(code: string): Promise<unknown[]> {
  const logged: unknown[] = []
  // What Vite's own preloading asks the document.
  const document = { createElement: () => ({ relList: { supports: () => true } }) }
  const web = {
    fetch,
    Headers,
    Response,
    URL,
    AbortController,
    AbortSignal,
    FormData,
    Blob,
    TextEncoder,
    crypto,
    document,
  }
  const timers = { setTimeout, clearTimeout }
  const console = { log: (value: unknown) => logged.push(value) }
  await runInNewContext(`(async () => {${code}\n})()`, { ...web, ...timers, console })
  return logged
}

/** Compiles a program of a project to one that runs. */
async function compile(project: string, ...files: string[]): Promise<void> {
  // Other tests leave their tsconfig.json in the project.
  const options =
    '--ignoreConfig --module nodenext --target es2023 --types node --rootDir . --outDir .'.split(' ')
  await run([...compilers['TypeScript 7'], ...files, ...options], project)
}

beforeAll(async () => {
  await compile(project, 'src/program.ts', 'readme.ts')
  writeFileSync(join(project, 'main.js'), `import { useClient } from './src/program.js'\n${call}`)
})

describe('the program runs, with the client alone,', () => {
  it.each(runtimes)('on %s', async (runtime) => {
    expect(await run([programOf(runtime), join(project, 'main.js')], project)).toContain(HOLDS)
  })

  it('from a CommonJS module, on the oldest Node', async () => {
    const text = `const { createPersonasClient } = require('personas-api-client')
      const client = createPersonasClient(${JSON.stringify({ url, apiKey })})
      client.projects.list.query().then((projects) => console.log(Array.isArray(projects)))`
    writeFileSync(join(project, 'main.cjs'), text)
    expect(await run([programOf(runtimes[0] ?? ''), 'main.cjs'], project)).toMatch(/^true/)
  })

  it('in a browser’s bundle made by Vite, which holds nothing of Node’s', async () => {
    const folder = mkdtempSync(join(project, 'browser-'))
    cpSync(join(project, 'src/program.ts'), join(folder, 'program.ts'))
    writeFileSync(join(folder, 'browser.ts'), `import { useClient } from './program'\n${call}`)
    writeFileSync(join(folder, 'index.html'), '<script type="module" src="/browser.ts"></script>')
    const output = await run([...vite, 'build', '--minify', 'false'], folder)
    // Vite says so where it puts an empty module in the place of one of Node's.
    expect(output).not.toMatch(/externalized|warn/i)
    const assets = join(folder, 'dist/assets')
    const [script = '', ...others] = readdirSync(assets)
    expect(others).toEqual([])
    const code = readFileSync(join(assets, script), 'utf8')
    expect(code).not.toMatch(/\b(require|Buffer)\b|\bprocess\./)
    for (const name of builtinModules) expect(code).not.toMatch(new RegExp(`from ["'](node:)?${name}["']`))

    expect(await evaluate(code)).toEqual([HOLDS])
  })
})

it('runs the README’s example, twice', async () => {
  const command = ['env', `PERSONAS_URL=${url}`, `PERSONAS_API_KEY=${apiKey}`, process.execPath, 'readme.js']
  const shown =
    /impatient-user \{ Authorization: 'Bearer connector', 'X-User-Language': 'en' \}\n\d+ projects/
  expect(await run(command, project)).toMatch(shown)
  const again = await run(command, project)
  expect(again).toContain('Persona with name "impatient-user" already exists')
  expect(again).toMatch(shown)
})

it('runs the program with the package of the service, by either entry', async () => {
  const { project } = service
  await compile(project, 'src/program.ts')
  const text = `import { useClient } from './src/program.js'
    import * as other from 'personas-api/client'
    import * as main from 'personas-api'
    console.log(Object.keys(main).every((name) => main[name] === other[name]))
    ${call}`
  writeFileSync(join(project, 'main.js'), text)
  expect(await run([process.execPath, 'main.js'], project)).toBe(`true\n${HOLDS}\n`)
})
