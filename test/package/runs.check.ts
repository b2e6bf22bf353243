import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { programOf, runtimes } from '../runtimes/runtime.js'
import { compilers, run, vite } from './tools.js'

const { project, url, apiKey } = inject('installed')
const HOLDS = 'every check holds'
const call = `console.log(await useClient(${JSON.stringify({ url, apiKey })}))`

/** A folder beside the project, with the client and what it needs at run time, and nothing of the server's. */
function clientOnly(): string {
  const folder = mkdtempSync(join(project, '..', 'client-'))
  for (const name of ['personas-api', '@trpc/client', '@trpc/server']) {
    cpSync(join(project, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  }
  cpSync(join(project, 'package.json'), join(folder, 'package.json'))
  return folder
}

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

let folder: string
beforeAll(async () => {
  folder = clientOnly()
  // Other tests leave their tsconfig.json in the project.
  const options = '--ignoreConfig --module nodenext --target es2023 --types node --outDir'.split(' ')
  await run([...compilers['TypeScript 7'], 'src/program.ts', ...options, folder], project)
  writeFileSync(join(folder, 'main.js'), `import { useClient } from './program.js'\n${call}`)
})

describe('the program runs, with none of the server’s packages there,', () => {
  it.each(runtimes)('on %s', async (runtime) => {
    expect(await run([programOf(runtime), join(folder, 'main.js')], folder)).toContain(HOLDS)
  })

  it('from a CommonJS module, on the oldest Node', async () => {
    const text = `const { createPersonasClient } = require('personas-api')
      const client = createPersonasClient(${JSON.stringify({ url, apiKey })})
      client.projects.list.query().then((projects) => console.log(Array.isArray(projects)))`
    writeFileSync(join(folder, 'main.cjs'), text)
    expect(await run([programOf(runtimes[0] ?? ''), 'main.cjs'], folder)).toMatch(/^true/)
  })

  it('in a browser’s bundle made by Vite, which holds nothing of Node’s', async () => {
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
