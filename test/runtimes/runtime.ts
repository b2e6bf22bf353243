import { execFileSync } from 'node:child_process'

/** The runtimes that the built service is tested on, as the npm registry has them: the oldest Node that is supported first. */
export const runtimes = ['node@20.19.0', 'node@24.21.0', 'bun@1.4.5']

/** The program of a runtime from the npm registry, kept in npm's own cache. */
export function programOf(runtime: string): string {
  const name = runtime.split('@', 1)[0]
  const args = ['--yes', '--package', runtime, '--call', `command -v ${name}`]
  return execFileSync('npx', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

/** The version that a runtime's program says it has. */
export function versionOf(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '')
}
