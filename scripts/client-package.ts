// Makes the folder of the package `personas-api-client` out of dist/, after a build: what `npm pack` and `npm publish`
// take. It holds the same files as the client in `personas-api`: those that dist/client/client.js imports.
// usage: npm run client-package, or after a build: tsx scripts/client-package.ts [folder]
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2] ?? join(root, 'dist-client')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** The client's dependencies; tRPC's client has the server as a peer. */
const DEPENDENCIES = ['@trpc/client', '@trpc/server']

/** The files that one of dist/ imports, itself included. Throws for a package that the client does not depend on. */
function reachableFrom(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file)) return reached
  reached.add(file)
  for (const [, target = ''] of read(join('dist', file)).matchAll(
    /^(?:import|export) (?:.*? from )?'([^']+)'/gm,
  )) {
    if (DEPENDENCIES.includes(target)) continue
    if (!target.startsWith('.')) throw new Error(`dist/${file} imports ${target}`)
    const imported = file.endsWith('.d.ts') ? target.replace(/js$/, 'd.ts') : target
    reachableFrom(normalize(join(dirname(file), imported)), reached)
  }
  return reached
}

/** The section of the README about the client, as a README of its own. */
function readme(): string {
  const [, section] = /^## The typed client\n(.*?)(?=^## |(?![\s\S]))/ms.exec(read('README.md')) ?? []
  if (section === undefined) throw new Error('README.md has no section "The typed client"')
  return `# personas-api-client\n${section}`
}

const { version, license, engines, keywords, dependencies } = JSON.parse(read('package.json'))

const manifest = {
  name: 'personas-api-client',
  version,
  description: 'The typed client of personas-api, without the service',
  license,
  type: 'module',
  sideEffects: false,
  keywords,
  engines,
  exports: {
    '.': { types: './dist/client/client.d.ts', default: './dist/client/client.js' },
    './package.json': './package.json',
  },
  files: ['dist'],
  dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, dependencies[name]])),
}

rmSync(folder, { recursive: true, force: true })
for (const file of [...reachableFrom('client/client.js'), ...reachableFrom('client/client.d.ts')]) {
  mkdirSync(join(folder, 'dist', dirname(file)), { recursive: true })
  cpSync(join(root, 'dist', file), join(folder, 'dist', file))
}
cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
writeFileSync(join(folder, 'README.md'), readme())
