import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startServiceProcess } from '../support/service-process.js'
import { root, run } from './tools.js'

/** A package as it would be published, and the project, empty before, that it is installed in. */
export interface Installed {
  tarball: string
  project: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The service, running. */
    service: Installed & { url: string; apiKey: string }
    /** The client alone. */
    client: Installed
  }
}

const apiKey = 'installed-key-0123456789'

/** The version of a development dependency that this project has itself. */
function ownVersion(name: string): string {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

/** A program of this folder, with a package in place of the sources. */
function callersProgram(name: string, packageName: string): string {
  return readFileSync(join(root, 'test/package', name), 'utf8').replaceAll(
    "'../../src/client/client.js'",
    `'${packageName}'`,
  )
}

/** The example of the README's section on the client, as it stands there. */
function readmesExample(): string {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)]
  const [, example] = blocks.find(([block]) => block.includes("from 'personas-api-client'")) ?? []
  if (example === undefined) throw new Error('README.md shows no program of the client')
  return example
}

/** Packs the package that lies in `from` and installs it in a project of its own in `folder`. */
async function install(name: string, from: string, folder: string): Promise<Installed> {
  const project = join(folder, name)
  mkdirSync(join(project, 'src'), { recursive: true })
  await run(['npm', 'pack', '--pack-destination', folder], from)
  const tarball = join(
    folder,
    readdirSync(folder).find((file) => /-\d/.exec(file)?.index === name.length) ?? '',
  )
  const types = { '@types/node': ownVersion('@types/node') }
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { [name]: tarball },
    devDependencies: types,
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  await run(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'], project)
  writeFileSync(join(project, 'src/program.ts'), callersProgram('program.ts', name))
  return { tarball, project }
}

/** Packs both packages, installs each in an empty project and starts the command of the service. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'personas-package-'))
  // Packing builds first, and the client is made of what is built.
  const installed = await install('personas-api', root, folder)
  const clientFolder = join(folder, 'dist-client')
  await run(['npx', 'tsx', 'scripts/client-package.ts', clientFolder], root)
  const client = await install('personas-api-client', clientFolder, folder)
  writeFileSync(join(client.project, 'readme.ts'), readmesExample())

  const env = { DATA_DIR: join(folder, 'data'), API_KEYS: apiKey, LOG_LEVEL: 'warn' }
  const service = await startServiceProcess({
    command: [join(installed.project, 'node_modules/.bin/personas-api')],
    env,
  })
  provide('service', { ...installed, url: service.url, apiKey })
  provide('client', client)
  return async () => {
    await service.stopWell()
    rmSync(folder, { recursive: true, force: true })
  }
}
