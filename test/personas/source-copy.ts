import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FIELDS = 'src/personas/fields.ts'

/** A fault that the compiler names: where, and what it says. */
export interface Fault {
  file: string
  message: string
}

/** Where entries can be added to the declaration: before the last of it. */
const END = '  version: kept('

/** A copy of the project with more fields of a persona; nothing but their entries is added. */
export function copyWithFields(entries: string) {
  return copySource((declaration) => {
    const imports = "import { absentIfEmpty as emptyIsAbsent } from '../field.js'\n"
    return imports + declaration.replace(END, entries + END)
  })
}

/** A copy of the project whose fields of a persona are declared otherwise; `change` edits the declaration's text. */
export function copySource(change: (declaration: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'personas-fields-'))
  for (const name of ['src', 'test', 'scripts', 'package.json', 'openapi.json', 'biome.json', '.gitignore']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const include = ['src', 'test/package/types.ts']
  const compiled = { extends: join(root, 'tsconfig.json'), include }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(compiled))
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const declaration = read(FIELDS)
  const changed = change(declaration)
  if (changed === declaration) throw new Error(`${FIELDS} is not as the test expects it`)
  writeFileSync(join(folder, FIELDS), changed)
  const run = (script: string, ...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const command = [join(root, 'node_modules', script), ...args]
      execFile(process.execPath, command, { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        // The compiler's faults are in what it prints.
        if (error !== null && stdout === '') reject(new Error(stderr, { cause: error }))
        else resolve(stdout)
      })
    })

  return {
    read,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    /** Imports a module of the copy, of the type of the project's own. */
    load: <Module>(file: string): Promise<Module> => import(join(folder, file)),
    /** Writes the client's types again. */
    generateClientTypes: () => run('tsx/dist/cli.mjs', 'scripts/client-types.ts'),
    /** What the compiler finds wrong with the copy's src. */
    async compile(): Promise<Fault[]> {
      const printed = await run('typescript/bin/tsc', '-p', '.', '--pretty', 'false')
      const faults: Fault[] = []
      for (const line of printed.split('\n')) {
        const [, file, message] = /^(\S+?)\(\d+,\d+\): error (.*)$/.exec(line) ?? []
        if (file !== undefined && message !== undefined) faults.push({ file, message })
        else if (faults.length > 0) (faults.at(-1) as Fault).message += `\n${line}`
      }
      return faults
    },
  }
}
