import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { areTheTypesWrong, publint, root, run } from './tools.js'

/** The declarations that callers may reach; those of the server stay at home. */
const declarations = [
  'dist/client/client.d.ts',
  'dist/client/errors.d.ts',
  'dist/client/simulate.d.ts',
  'dist/client/types.d.ts',
  'dist/personas/headers.d.ts',
]
const texts = ['package.json', 'LICENSE', 'README.md']

function builtSources(): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return (
    sources
      // The document is made before it is packed.
      .filter((name) => name.endsWith('.ts') && !name.startsWith('openapi'))
      .map((name) => `dist/${name.replace(/\.ts$/, '.js')}`)
  )
}

/** The console's page and what it loads, by names that say their content. */
function builtConsole(): string[] {
  const folder = join(root, 'dist/console')
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => relative(root, join(parentPath, name)))
}

const packages = [
  {
    name: 'personas-api',
    ...inject('service'),
    files: [...builtSources(), ...builtConsole(), 'openapi.json'],
  },
  {
    name: 'personas-api-client',
    ...inject('client'),
    files: [
      ...['client', 'errors', 'requests', 'retry', 'simulate'].map((name) => `dist/client/${name}.js`),
      'dist/personas/headers.js',
      'dist/excerpt.js',
    ],
  },
]

describe.each(packages)('$name', ({ name, tarball, project, files }) => {
  const installed = join(project, 'node_modules', name)

  it('holds what it needs, the declarations of the client, and nothing else', async () => {
    const packed = (await run(['tar', '-tzf', tarball], root)).trim().split('\n')
    const expected = [...files, ...declarations, ...texts]
    expect(packed.map((file) => file.replace(/^package\//, '')).sort()).toEqual(expected.sort())
  })

  it('has declarations that import one another and no package', () => {
    const reached = new Set<string>()
    const visit = (file: string) => {
      if (reached.has(file)) return
      reached.add(file)
      const text = readFileSync(join(installed, file), 'utf8')
      expect(text).not.toContain('/// <reference')
      for (const [, target = ''] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
        expect(target).toMatch(/^\.\.?\//)
        visit(join(dirname(file), target.replace(/\.js$/, '.d.ts')))
      }
    }
    visit('dist/client/client.d.ts')
    expect([...reached].sort()).toEqual(declarations)
  })

  it('documents all that it exports', () => {
    for (const file of declarations) {
      const lines = readFileSync(join(installed, file), 'utf8').split('\n')
      const bare = lines.filter(
        (line, n) =>
          /^export (declare|interface|type \w+ =)/.test(line) &&
          !/\*\/$|^export declare function/.test(lines[n - 1] ?? ''),
      )
      expect([file, bare]).toEqual([file, []])
    }
  })

  it('is clean by publint', async () => {
    expect(await run([...publint, tarball, '--strict'], root)).toContain('All good!')
  })

  it('is clean by are-the-types-wrong, as a package of ES modules', async () => {
    await run([...areTheTypesWrong, tarball, '--profile', 'esm-only'], root)
  })
})

describe('the package of the client', () => {
  const { project } = inject('client')
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))

  it('has the version of the service, and its ranges of tRPC', () => {
    const own = read(join(root, 'package.json'))
    const { version, dependencies } = read(join(project, 'node_modules/personas-api-client/package.json'))
    expect(version).toBe(own.version)
    for (const [name, range] of Object.entries(dependencies)) {
      expect([name, range]).toEqual([name, own.dependencies[name]])
    }
  })

  it('brings tRPC and nothing else, but for TypeScript, which tRPC asks for as a peer', () => {
    const { packages } = read(join(project, 'node_modules/.package-lock.json'))
    const brought = Object.entries<{ dev?: true; peer?: true }>(packages).filter(
      ([, { dev, peer }]) => dev !== true && peer !== true,
    )
    expect(brought.map(([path]) => path.replace(/^node_modules\//, ''))).toEqual([
      '@trpc/client',
      '@trpc/server',
      'personas-api-client',
    ])
  })
})
