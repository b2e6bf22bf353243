import { isDeepStrictEqual } from 'node:util'
import { call, type Input, imageBytes } from './client.js'
import { verifyImport } from './imports.js'
import { type Cell, type Ledger, type Persona, type PersonaCell, setState } from './ledger.js'
import { historic, VERSIONS_KEPT } from './persona-changes.js'
import { pixelsOf } from './samples.js'
import { deleteWholeProject } from './writers.js'

/** What is checked, and against what. */
export interface Audit {
  base: string
  ledger: Ledger
  /** Whether the store takes a change of many records as one: SQLite does, MongoDB without transactions not. */
  isAtomic: boolean
}

const PORTRAIT_SIDE = 1024

async function read(base: string, procedure: string, input: Input) {
  const { status, value } = await call(base, procedure, input)
  if (status !== 200) throw new Error(`${procedure} answered ${status} after the restart`)
  return value
}

/** Holds a cell to the state found: the acknowledged one, or the one that a write in doubt leaves whole. */
function settle<T>(ledger: Ledger, cell: Cell<T>, { found, what }: { found: T; what: string }): void {
  const { doubt } = cell
  cell.doubt = undefined
  const isDone = doubt?.isDone(found) === true
  const holds = isDone || isDeepStrictEqual(found, cell.state)
  ledger.check(holds, `${what} is neither as acknowledged nor as ${doubt?.kind ?? 'anything else'} leaves it`)
  if (doubt !== undefined) ledger.settled(doubt.kind, isDone ? 'done' : 'undone')
  cell.state = found
}

/** Checks everything that the ledger knows against the service, and takes over what was in doubt. */
export async function verify(audit: Audit): Promise<void> {
  const { ledger } = audit
  const projects = new Set([...ledger.personas, ...ledger.contested].map(({ project }) => project))
  for (const project of projects) await verifyPersonas(audit, project)
  for (const project of new Set(ledger.images.map((cell) => cell.project))) await verifyImages(audit, project)
  for (const cell of ledger.configs) {
    const found = await read(audit.base, 'projects.getConfig', { projectId: cell.project })
    settle(ledger, cell, { found, what: `config of ${cell.project}` })
  }
  for (const whole of ledger.wholes) await verifyWhole(audit, whole)
  for (const cell of ledger.imports) await verifyImport(audit.base, ledger, cell)
  ledger.imports = ledger.imports.slice(-4)
  ledger.personas = ledger.personas.filter(({ state }) => state !== undefined)
  ledger.images = ledger.images.filter(({ state }) => state !== undefined)
  ledger.wholes = ledger.wholes.filter(({ stage }) => stage !== 'deleted').slice(-20)
}

async function verifyPersonas(audit: Audit, project: string): Promise<void> {
  const { base, ledger } = audit
  const list: Persona[] = await read(base, 'personas.list', { projectId: project })
  const byId = new Map(list.map((persona) => [persona.id, persona]))
  const byName = new Map(list.map((persona) => [persona.name, persona]))
  ledger.check(byName.size === list.length, `names in ${project} are not unique`)
  ledger.check(byId.size === list.length, `ids in ${project} are not unique`)
  const expected = new Set<string | undefined>()
  for (const cell of ledger.personas.filter((each) => each.project === project)) {
    const found = cell.state === undefined ? byName.get(cell.name) : byId.get(cell.state.id)
    settle(ledger, cell, { found, what: `persona ${cell.name}` })
    setState(cell, found)
    await verifyVersions(audit, project, cell)
    expected.add(found?.id)
  }
  for (const { name, winners } of ledger.contested.filter((each) => each.project === project)) {
    const found = byName.get(name)
    ledger.check(winners.length <= 1, `the name ${name} was given ${winners.length} times`)
    ledger.check(
      winners.every((id) => id === found?.id),
      `persona ${winners[0]} of a contested name is gone`,
    )
    expected.add(found?.id)
  }
  for (const { id, name } of list) ledger.check(expected.has(id), `persona ${name} comes from nowhere`)
  await verifyIndex(audit, { project, list })
  await verifyPortraits(audit, { project, list })
}

/** The history has every version that is kept, each as it was acknowledged. */
async function verifyVersions({ base, ledger }: Audit, project: string, cell: PersonaCell): Promise<void> {
  const { state, versions, name } = cell
  if (state === undefined) return
  const key = { projectId: project, id: state.id }
  const list: Pick<Persona, 'version' | 'updatedAt'>[] = await read(base, 'personas.versions', key)
  const oldest = Math.max(1, state.version - VERSIONS_KEPT + 1)
  const expected = Array.from({ length: state.version - oldest + 1 }, (_, at) => state.version - at)
  const found = list.map(({ version }) => version)
  ledger.check(
    isDeepStrictEqual(found, expected),
    `persona ${name} ${state.version} has the versions ${found}`,
  )
  for (const { version, updatedAt } of list) {
    const known = versions.get(version)
    const content = await read(base, 'personas.get', { ...key, version })
    ledger.check(content.updatedAt === updatedAt, `version ${version} of ${name} is another than is listed`)
    if (known === undefined) continue
    ledger.check(
      isDeepStrictEqual(content, historic(known)),
      `version ${version} of ${name} is not as it was`,
    )
  }
}

/** A project's personas as they are listed. */
interface Listed {
  project: string
  list: Persona[]
}

/** A name that is taken is refused: the unique index is there and knows the rows. */
async function verifyIndex({ base, ledger }: Audit, { project: projectId, list }: Listed): Promise<void> {
  const [first, last] = [list[0], list.at(-1)]
  if (first === undefined || last === undefined) return
  const { status } = await call(base, 'personas.create', { projectId, name: last.name })
  ledger.check(status === 409, `the taken name ${last.name} was answered ${status}`)
  if (first === last) return
  const rename = await call(base, 'personas.update', { projectId, id: first.id, name: last.name })
  ledger.check(rename.status === 409, `a change to the taken name ${last.name} was answered ${rename.status}`)
}

/** Each portrait shown is there and whole, and none is there that nobody shows. */
async function verifyPortraits({ base, ledger, isAtomic }: Audit, { project, list }: Listed): Promise<void> {
  const role = { projectId: project, role: 'persona-avatar' }
  const stored: string[] = (await read(base, 'images.list', role)).ids
  const shown = list.flatMap(({ imageUrl }) => imageUrl ?? [])
  for (const id of shown) {
    const bytes = await imageBytes(base, project, id)
    const size = bytes && (await pixelsOf(bytes).catch(() => undefined))
    const isWhole = size?.width === PORTRAIT_SIDE && size.height === PORTRAIT_SIDE
    ledger.check(isWhole, `portrait ${id} is shown and is ${bytes === undefined ? 'not there' : 'broken'}`)
  }
  const unused = stored.filter((id) => !shown.includes(id))
  // MongoDB's store notes them and sweeps them up later.
  if (isAtomic) ledger.check(unused.length === 0, `portraits that nobody shows: ${unused}`)
}

async function verifyImages({ base, ledger }: Audit, project: string): Promise<void> {
  const ids: string[] = (await read(base, 'images.list', { projectId: project })).ids
  const found = new Map<string, string | undefined>()
  for (const id of ids) {
    const bytes = await imageBytes(base, project, id)
    const decoded = bytes && (await pixelsOf(bytes).catch(() => undefined))
    found.set(id, decoded?.pixels)
  }
  const expected = new Set<string | undefined>()
  for (const cell of ledger.images.filter((each) => each.project === project)) {
    const known = cell.state
    const id = known === undefined ? ids.find((each) => found.get(each) === cell.pixels) : known
    const isThere = id !== undefined && found.has(id)
    settle(ledger, cell, { found: isThere ? id : undefined, what: `image ${id}` })
    if (isThere) ledger.check(found.get(id) === cell.pixels, `image ${id} has other pixels`)
    expected.add(id)
  }
  for (const id of ids) ledger.check(expected.has(id), `image ${id} comes from nowhere`)
}

async function verifyWhole({ base, ledger }: Audit, whole: Ledger['wholes'][number]) {
  const { project } = whole
  const list: Persona[] = await read(base, 'personas.list', { projectId: project })
  const images: string[] = (await read(base, 'images.list', { projectId: project })).ids
  const names = list.map(({ name }) => name)
  const isGone = names.length === 0 && images.length === 0
  const isThere = whole.personas.every((name) => names.includes(name)) && images.length >= whole.images
  if (whole.stage === 'deleted') return ledger.check(isGone, `project ${project} was deleted and is there`)
  if (whole.stage === 'deleting') {
    // A deletion works in steps, and one that was not answered may have come to any of them.
    ledger.settled('project deleted', isGone ? 'done' : 'undone')
  } else ledger.check(isThere, `project ${project} has lost something`)
  // What is left of it goes with the next deletion.
  if (isGone) whole.stage = 'deleted'
  else await deleteWholeProject({ base, ledger, project }, whole)
}
