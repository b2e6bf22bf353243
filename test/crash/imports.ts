import { randomBytes, randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { call, importFile } from './client.js'
import type { ImportCell, ImportedRow, Ledger, Persona } from './ledger.js'
import type { Site } from './write.js'

/** Names of the project; a file has most of them, so that some rows are new and others change what is there. */
const NAMES = 500
const IN_FILE = 0.7
/** Imports of one project before the next is begun: new rows and changes both are broken off. */
const MOST = 6

/** Rows with new content, each with all the fields that it ever has. */
function newRows(): ImportedRow[] {
  const names = Array.from({ length: NAMES }, (_, at) => `imported ${at}`).filter(
    () => Math.random() < IN_FILE,
  )
  return names.map((name) => {
    const word = randomBytes(6).toString('hex')
    const systemPrompt = randomBytes(randomInt(1, 2_000)).toString('base64')
    return { name, description: word, systemPrompt, tags: [word], metadata: { word } }
  })
}

/** Imports files of some hundred rows into projects of its own. */
export async function writeImports({ base, ledger }: Site): Promise<void> {
  const project = `imports-${Math.floor(ledger.importsSent / MOST)}`
  ledger.importsSent += 1
  const cell: ImportCell = ledger.imports.find((each) => each.project === project) ?? {
    project,
    rows: new Map(),
  }
  if (!ledger.imports.includes(cell)) ledger.imports.push(cell)
  cell.doubt = newRows()
  await send(base, ledger, cell)
}

/** Sends the file that is in doubt; once it is answered, its rows are acknowledged. */
async function send(base: string, ledger: Ledger, cell: ImportCell): Promise<void> {
  const { project, doubt = [], rows } = cell
  const { status, value } = await importFile(base, project, doubt)
  if (status !== 200) throw new Error(`an import answered ${status} ${JSON.stringify(value)?.slice(0, 200)}`)
  ledger.check(value.failed === 0, `${value.failed} rows of an import into ${project} failed`)
  ledger.check(value.results.length === doubt.length, `an import into ${project} left rows out`)
  for (const row of doubt) rows.set(row.name, row)
  cell.doubt = undefined
  ledger.acknowledge('file imported')
}

function contentOf({ id: _, version: __, createdAt: ___, updatedAt: ____, ...content }: Persona): object {
  return content
}

async function personasOf(base: string, projectId: string): Promise<Map<string, Persona>> {
  const { status, value } = await call(base, 'personas.list', { projectId })
  if (status !== 200) throw new Error(`The list of ${projectId} answered ${status} after the restart`)
  return new Map(value.map((persona: Persona) => [persona.name, persona]))
}

/**
 * Each row that was acknowledged is there; one of a file in doubt is as before or as the file says, and whole. The file,
 * sent again, ends where an import that nothing disturbed does.
 */
export async function verifyImport(base: string, ledger: Ledger, cell: ImportCell): Promise<void> {
  const { project, rows, doubt } = cell
  const found = await personasOf(base, project)
  const inFile = new Map(doubt?.map((row) => [row.name, row]))
  let done = 0
  for (const name of new Set([...rows.keys(), ...inFile.keys(), ...found.keys()])) {
    const persona = found.get(name)
    const content = persona && contentOf(persona)
    const isDone = content !== undefined && isDeepStrictEqual(content, inFile.get(name))
    const holds = isDone || isDeepStrictEqual(content, rows.get(name))
    ledger.check(holds, `row ${name} of ${project} is neither as before its import nor as its file says`)
    if (isDone) done += 1
  }
  if (doubt === undefined) return
  ledger.settled('file imported', done === doubt.length ? 'done' : 'undone')
  if (done > 0 && done < doubt.length) ledger.settled('file imported in part', 'done')
  await send(base, ledger, cell)
  const after = await personasOf(base, project)
  const contents = new Map([...after].map(([name, persona]) => [name, contentOf(persona)]))
  ledger.check(
    areEqual(contents, rows),
    `an import into ${project} that was sent again ended in another state`,
  )
}

function areEqual(a: ReadonlyMap<string, object>, b: ReadonlyMap<string, object>): boolean {
  return a.size === b.size && [...a].every(([name, content]) => isDeepStrictEqual(content, b.get(name)))
}
