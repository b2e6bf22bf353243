import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { compilers, run } from './tools.js'

const { project } = inject('client')
const service = inject('service')

const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' }
const bundler = { module: 'esnext', moduleResolution: 'bundler' }

/** What every program is compiled with: all that a strict caller may ask for, the packages' declarations included. */
const strict = {
  target: 'es2023',
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  resolveJsonModule: true,
  noEmit: true,
}

/** Compiles the program of a project, and other files of it. */
async function compile(
  folder: string,
  compiler: string[],
  { others = [], ...options }: { others?: string[]; [option: string]: unknown },
): Promise<void> {
  const config = { compilerOptions: { ...strict, ...options }, include: ['src', ...others] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await run([...compiler, '-p', '.'], folder)
}

/** A copy of a project that has a package and the types of Node, and no other package. */
function bare(name: string, project: string): string {
  const folder = mkdtempSync(join(project, '..', 'bare-'))
  for (const each of [name, '@types/node', 'undici-types']) {
    cpSync(join(project, 'node_modules', each), join(folder, 'node_modules', each), { recursive: true })
  }
  cpSync(join(project, 'package.json'), join(folder, 'package.json'))
  cpSync(join(project, 'src'), join(folder, 'src'), { recursive: true })
  return folder
}

describe.each(Object.entries(compilers))('%s', (_, compiler) => {
  it.each([
    [
      'nodenext, with the types of Node, and the README’s example',
      { ...nodenext, types: ['node'], others: ['readme.ts'] },
    ],
    ['bundler, with the types of Node', { ...bundler, types: ['node'] }],
    ['bundler, with the types of browsers', { ...bundler, types: [], lib: ['es2023', 'dom'] }],
  ])('takes the program, and refuses every misuse, under %s', async (_, options) => {
    await compile(project, compiler, options)
  })

  it('refuses a program that is wrong', async () => {
    const folder = mkdtempSync(join(project, 'wrong-'))
    mkdirSync(join(folder, 'src'))
    const program = `import { createPersonasClient } from 'personas-api-client'
      createPersonasClient({ url: 'x' }).personas.get.query({ projectId: 5, id: 'x' })`
    writeFileSync(join(folder, 'src/wrong.ts'), program)
    const refused = compile(folder, compiler, { ...nodenext, types: ['node'] })
    await expect(refused).rejects.toThrow(/Type 'number' is not assignable to type 'string'/)
  })

  it('needs the declarations of no other package', async () => {
    const folder = bare('personas-api-client', project)
    await compile(folder, compiler, { ...nodenext, types: ['node'] })
    await compile(folder, compiler, { ...bundler, types: ['node'] })
  })

  it('takes the program with the package of the service too, by either entry', async () => {
    const folder = bare('personas-api', service.project)
    const entries = `export * from 'personas-api'
      export { createPersonasClient as same } from 'personas-api/client'
      import document from 'personas-api/openapi.json' with { type: 'json' }
      import manifest from 'personas-api/package.json' with { type: 'json' }
      export const versions: [string, string] = [document.info.version, manifest.version]`
    writeFileSync(join(folder, 'src/entries.ts'), entries)
    await compile(folder, compiler, { ...nodenext, types: ['node'] })
    await compile(folder, compiler, { ...bundler, types: ['node'] })
  })
})
