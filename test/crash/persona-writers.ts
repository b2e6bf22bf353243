import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { call } from './client.js'
import type { Persona, PersonaCell } from './ledger.js'
import { newContent, newName } from './samples.js'
import { KEPT, oneOf, type Site, write } from './write.js'

type State = PersonaCell['state']
/** A change of fields; null takes one away. */
type Change = { [field in keyof Persona]?: Persona[field] | null }

/** Tells whether a state is a persona with just this content, whatever the service made of the other fields. */
function isContent(fields: Record<string, unknown>) {
  return (state: State) => {
    if (state === undefined) return false
    const { id: _, createdAt, updatedAt, ...content } = state
    return isDeepStrictEqual(content, fields) && createdAt === updatedAt
  }
}

/** Tells whether a state is a persona after a change, newer than before and otherwise as it was. */
function isChanged({ updatedAt, ...before }: Persona, change: Change) {
  const after = Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined),
  )
  return (state: State) => {
    if (state === undefined || state.updatedAt <= updatedAt) return false
    const { updatedAt: _, ...found } = state
    return isDeepStrictEqual(found, after)
  }
}

async function create({ base, ledger, project }: Site): Promise<void> {
  const fields = { name: newName(), ...newContent() }
  const cell: PersonaCell = { project, name: fields.name, state: undefined }
  ledger.personas.push(cell)
  const doubt = { kind: 'persona created', isDone: isContent(fields) }
  const send = () => call(base, 'personas.create', { projectId: project, ...fields })
  cell.state = (await write(ledger, cell, { doubt, status: 201, send })).value
  ledger.check(doubt.isDone(cell.state), `persona ${fields.name} was created with other content`)
}

async function change({ base, ledger, project }: Site, cell: PersonaCell, wanted: Change): Promise<void> {
  if (cell.state === undefined) return
  const { id } = cell.state
  const kind = wanted.imageUrl === null ? 'portrait cleared' : 'persona changed'
  const doubt = { kind, isDone: isChanged(cell.state, wanted) }
  const send = () => call(base, 'personas.update', { projectId: project, id, ...wanted })
  cell.state = (await write(ledger, cell, { doubt, status: 200, send })).value
  ledger.check(doubt.isDone(cell.state), `persona ${id} was changed to other content`)
}

/** Creates, changes, renames and deletes personas of its own. */
export async function writePersonas(site: Site, own: PersonaCell[]): Promise<void> {
  const { base, ledger, project } = site
  const cell = oneOf(own)
  if (cell?.state === undefined || (own.length < KEPT && randomInt(3) === 0)) return create(site)
  if (own.length >= KEPT || randomInt(6) === 0) {
    const key = { projectId: project, id: cell.state.id }
    const doubt = { kind: 'persona deleted', isDone: (state: State) => state === undefined }
    await write(ledger, cell, { doubt, status: 204, send: () => call(base, 'personas.delete', key) })
    cell.state = undefined
    return
  }
  const { description, systemPrompt, headers } = newContent()
  const changes: Change[] = [
    { description },
    { systemPrompt, headers },
    { name: newName() },
    { description: null, systemPrompt },
    { headers: null, description },
  ]
  await change(site, cell, oneOf(changes) ?? {})
}

/** Draws portraits of its personas, and takes them away again. */
export async function writePortraits(site: Site, own: PersonaCell[]): Promise<void> {
  const { base, ledger, project } = site
  const cell = oneOf(own)
  if (cell?.state === undefined || own.length < KEPT / 2 || randomInt(6) === 0)
    return writePersonas(site, own)
  const before = cell.state
  if (before.imageUrl !== undefined && randomInt(5) === 0) return change(site, cell, { imageUrl: null })
  const doubt = {
    kind: 'portrait drawn',
    isDone: (state: State) =>
      state?.imageUrl !== undefined &&
      state.imageUrl !== before.imageUrl &&
      isChanged(before, { imageUrl: state.imageUrl })(state),
  }
  const send = () => call(base, 'personas.generateImage', { projectId: project, id: before.id })
  cell.state = (await write(ledger, cell, { doubt, status: 200, send })).value
  ledger.check(doubt.isDone(cell.state), `persona ${before.id} was drawn and has other content`)
}
