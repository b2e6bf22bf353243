import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { areTheTypesWrong, publint, root, run } from './tools.js'

const { tarball, project } = inject('installed')
const installed = join(project, 'node_modules/personas-api')
/** The declarations that callers may reach; those of the server stay at home. */
const declarations = ['dist/client/client.d.ts', 'dist/client/types.d.ts', 'dist/personas/headers.d.ts']

it('holds the built sources, the declarations of the client and the document, and nothing else', async () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const built = sources
    // The document is made before it is packed.
    .filter((name) => name.endsWith('.ts') && !name.startsWith('openapi'))
    .map((name) => `dist/${name.replace(/\.ts$/, '.js')}`)
  const texts = ['package.json', 'openapi.json', 'LICENSE', 'README.md']
  const present = readdirSync(root)
  const expected = [...built, ...declarations, ...texts.filter((name) => present.includes(name))]
  const packed = (await run(['tar', '-tzf', tarball], root)).trim().split('\n')
  expect(packed.map((name) => name.replace(/^package\//, '')).sort()).toEqual(expected.sort())
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
