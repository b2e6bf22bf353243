import { type ImportResult, isPersonasError, type Persona } from '../../client/client.js'
import { type FolderRow, fieldsChanged, readFolder } from './files.js'
import { send, stepsOf } from './send.js'
import { mayDelete, type Run } from './terminal.js'

/** Personas that are deleted together: what one request takes. */
const DELETED_AT_ONCE = 100

const NOTHING = 'Nothing was changed.'
const SIGNS = { created: '+', updated: '~', deleted: '-', failed: '!' }

/** What a push has done so far, or in a dry run would do. */
class Outcome {
  readonly #counts = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 }
  readonly #lines: string[] = []

  get hasFailed(): boolean {
    return this.#counts.failed > 0
  }

  note(action: ImportResult['action'], text: string): void {
    this.#counts[action] += 1
    if (action !== 'unchanged') this.#lines.push(`${SIGNS[action]} ${text}`)
  }

  warn(text: string): void {
    this.#lines.push(`? ${text}`)
  }

  print({ print, command }: Run): void {
    for (const line of this.#lines) print(line)
    const counts = Object.entries(this.#counts).map(([action, count]) => `${count} ${action}`)
    print(`${command.dryRun ? 'Dry run, nothing was changed: ' : ''}${counts.join(', ')}`)
  }
}

/**
 * Brings the personas of a folder to a project, and prints what changes. What cannot be read keeps everything back; rows
 * succeed and fail one by one, and where one fails nothing is deleted.
 */
export async function push(run: Run): Promise<number> {
  const { print, command } = run
  const { prune, dryRun, folder } = command
  const { rows, faults, unread, others } = await readFolder(folder)
  // Personas in there would be deleted, or all of them where the folder is a wrong one.
  if (prune) faults.push(...unread)
  if (prune && rows.length === 0) faults.push(`--prune would delete every persona: there is none, ${folder}`)
  const outcome = new Outcome()
  for (const text of faults) outcome.note('failed', text)
  for (const text of prune ? others : [...unread, ...others]) outcome.warn(text)
  if (faults.length > 0 && !dryRun) {
    outcome.print(run)
    print(NOTHING)
    return 1
  }
  const { known, extra } = await readProject(run, new Set(rows.map(({ entry }) => entry.name)))
  if (
    !dryRun &&
    prune &&
    !(await mayDelete(
      run,
      extra.map(({ name }) => name),
    ))
  ) {
    print(NOTHING)
    return 1
  }
  try {
    await sendAll(run, { rows, known, outcome })
    if (prune && !outcome.hasFailed) await deleteAll(run, extra, outcome)
  } finally {
    // Also where the service is lost in the middle: what is done stays.
    outcome.print(run)
  }
  return outcome.hasFailed ? 1 : 0
}

/** The personas of the project by the names in the folder, and where they are to be deleted the others. */
async function readProject({ client, command }: Run, names: ReadonlySet<string>) {
  const known = new Map<string, Persona>()
  const extra: Pick<Persona, 'id' | 'name' | 'updatedAt'>[] = []
  for await (const persona of client.personas.all({ projectId: command.projectId, pageSize: 500 })) {
    const { id, name, updatedAt } = persona
    if (names.has(name)) known.set(name, persona)
    else if (command.prune) extra.push({ id, name, updatedAt })
  }
  return { known, extra }
}

interface Sending {
  rows: readonly FolderRow[]
  known: ReadonlyMap<string, Persona>
  outcome: Outcome
}

async function sendAll(run: Run, { rows, known, outcome }: Sending): Promise<void> {
  const progress = run.progress.begin('Pushing personas', rows.length)
  try {
    for await (const step of stepsOf(rows)) {
      const results = await send(run, step)
      for (const [at, row] of step.entries()) {
        const result = results[at]
        if (result !== undefined) note(outcome, { row, result, current: known.get(row.entry.name) })
      }
      progress.advance(step.length)
    }
  } finally {
    progress.end()
  }
}

interface Noted {
  row: FolderRow
  result: ImportResult
  current: Persona | undefined
}

function note(outcome: Outcome, { row, result, current }: Noted): void {
  const { action, name = '', issues = [] } = result
  const messages = (severity: string) =>
    issues.filter((issue) => issue.severity === severity).map(({ message }) => message)
  const fields = action === 'updated' && current !== undefined ? fieldsChanged(row, current) : []
  // Of a picture alone, only the service knows.
  if (action === 'updated' && fields.length === 0) fields.push('portrait')
  if (action === 'failed') outcome.note(action, `${name}: ${messages('error').join('; ')}, ${row.place}`)
  else outcome.note(action, fields.length > 0 ? `${name}: ${fields.join(', ')}` : name)
  for (const message of messages('warning')) outcome.warn(`${name}: ${message}, ${row.place}`)
}

/** Deletes personas, but for those that were changed since they were read. */
async function deleteAll(
  { client, command }: Run,
  extra: readonly Pick<Persona, 'id' | 'name' | 'updatedAt'>[],
  outcome: Outcome,
): Promise<void> {
  const { projectId, dryRun } = command
  const remove = async ({ id, name, updatedAt }: Pick<Persona, 'id' | 'name' | 'updatedAt'>) => {
    try {
      if (!dryRun) await client.personas.delete.mutate({ projectId, id, ifMatch: updatedAt })
      outcome.note('deleted', name)
    } catch (error) {
      if (isPersonasError(error, 'PRECONDITION_FAILED')) {
        outcome.note('failed', `${name}: it was changed meanwhile, and is not deleted`)
      } else if (!isPersonasError(error, 'NOT_FOUND')) throw error
    }
  }
  for (let at = 0; at < extra.length; at += DELETED_AT_ONCE) {
    await Promise.all(extra.slice(at, at + DELETED_AT_ONCE).map(remove))
  }
}
