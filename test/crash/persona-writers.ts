import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { call } from './client.js'
import { type PersonaCell, setState } from './ledger.js'
import { type Change, isChanged, isReverted, keptVersions, newChanges } from './persona-changes.js'
import { newContent, newName } from './samples.js'
import { KEPT, oneOf, type Site, write } from './write.js'

type State = PersonaCell['state']

/** Tells whether a state is a persona with just this content, whatever the service made of the other fields. */
function isContent(fields: Record<string, unknown>) {
  return (state: State) => {
    if (state === undefined) return false
    const { id: _, version, createdAt, updatedAt, ...content } = state
    return isDeepStrictEqual(content, fields) && createdAt === updatedAt && version === 1
  }
}

async function create({ base, ledger, project }: Site): Promise<void> {
  const fields = { name: newName(), ...newContent() }
  const cell: PersonaCell = { project, name: fields.name, versions: new Map(), state: undefined }
  ledger.personas.push(cell)
  const doubt = { kind: 'persona created', isDone: isContent(fields) }
  const send = () => call(base, 'personas.create', { projectId: project, ...fields })
  setState(cell, (await write(ledger, cell, { doubt, status: 201, send })).value)
  ledger.check(doubt.isDone(cell.state), `persona ${fields.name} was created with other content`)
}

async function change({ base, ledger, project }: Site, cell: PersonaCell, wanted: Change): Promise<void> {
  if (cell.state === undefined) return
  const { id } = cell.state
  const kind = wanted.imageUrl === null ? 'portrait cleared' : 'persona changed'
  const doubt = { kind, isDone: isChanged(cell.state, wanted) }
  const send = () => call(base, 'personas.update', { projectId: project, id, ...wanted })
  setState(cell, (await write(ledger, cell, { doubt, status: 200, send })).value)
  ledger.check(doubt.isDone(cell.state), `persona ${id} was changed to other content`)
}

/** Goes back to one of the versions that are kept for sure. */
async function revert({ base, ledger, project }: Site, cell: PersonaCell): Promise<void> {
  const { state: before } = cell
  if (before === undefined) return
  const old = oneOf(keptVersions(cell)) ?? before
  const { id } = before
  const isDone = isReverted(before, old)
  const doubt = { kind: 'persona reverted', isDone }
  const send = () => call(base, 'personas.revert', { projectId: project, id, version: old.version })
  setState(cell, (await write(ledger, cell, { doubt, status: 200, send })).value)
  ledger.check(doubt.isDone(cell.state), `persona ${id} was reverted to other content`)
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
  if (randomInt(4) === 0) return revert(site, cell)
  await change(site, cell, oneOf(newChanges()) ?? {})
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
  setState(cell, (await write(ledger, cell, { doubt, status: 200, send })).value)
  ledger.check(doubt.isDone(cell.state), `persona ${before.id} was drawn and has other content`)
}
