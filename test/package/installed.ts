import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startServiceProcess } from '../support/service-process.js'
import { root, run } from './tools.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The package as it would be published, installed in an empty project, its service running. */
    installed: { tarball: string; project: string; url: string; apiKey: string }
  }
}

const apiKey = 'installed-key-0123456789'

/** The version of a development dependency that this project has itself. */
function ownVersion(name: string): string {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

/** A program of this folder, with the package in place of the sources. */
function callersProgram(name: string): string {
  return readFileSync(join(root, 'test/package', name), 'utf8').replaceAll(
    "'../../src/client/client.js'",
    "'personas-api'",
  )
}

/** Packs the package, installs it in an empty project and starts its command. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'personas-package-'))
  // Packing builds first.
  await run(['npm', 'pack', '--pack-destination', folder], root)
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')

  const project = join(folder, 'project')
  mkdirSync(join(project, 'src'), { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const packages = [tarball, `@types/node@${ownVersion('@types/node')}`]
  await run(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], project)
  writeFileSync(join(project, 'src/program.ts'), callersProgram('program.ts'))

  const env = { DATA_DIR: join(folder, 'data'), API_KEYS: apiKey, LOG_LEVEL: 'warn' }
  const service = await startServiceProcess({
    command: [join(project, 'node_modules/.bin/personas-api')],
    env,
  })
  provide('installed', { tarball, project, url: service.url, apiKey })
  return async () => {
    await service.stopWell()
    rmSync(folder, { recursive: true, force: true })
  }
}
