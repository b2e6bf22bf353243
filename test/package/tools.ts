import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compilers that callers have: the project's own, and the last of the line before it. */
export const compilers = {
  'TypeScript 7': [
    process.execPath,
    fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url)),
  ],
  'TypeScript 5.9': ['npx', '--yes', '--package', 'typescript@5.9.3', 'tsc'],
}
export const publint = ['npx', '--yes', 'publint@0.3.25']
export const areTheTypesWrong = ['npx', '--yes', '@arethetypeswrong/cli@0.18.5']
export const vite = ['npx', '--yes', 'vite@8.3.8']

/** Runs a program and gives what it wrote. @throws Error with that where it fails. */
export async function run(command: string[], cwd: string): Promise<string> {
  const [program = '', ...args] = command
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 })
    return stdout + stderr
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message}\n${stdout ?? ''}${stderr ?? ''}`)
  }
}
