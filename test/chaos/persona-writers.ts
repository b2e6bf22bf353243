import { isDeepStrictEqual } from 'node:util'
import { type Cell, type Persona, type PersonaCell, setState } from '../crash/ledger.js'
import { type Change, isChanged, isReverted, keptVersions, newChanges } from '../crash/persona-changes.js'
import { newContent, newName } from '../crash/samples.js'
import { type Input, outcomesOf, through } from './requests.js'
import { type Caller, send } from './site.js'
import { askedFor, isLost, type Write, write } from './write.js'

type State = PersonaCell['state']

/** Whether a state has these fields; null stands for none. */
function has(fields: Input) {
  return (state: State) =>
    state !== undefined &&
    Object.entries(fields).every(([field, value]) => isDeepStrictEqual((state as any)[field] ?? null, value))
}

function created({ site: { ledger }, project }: Caller): Write<State> {
  const fields = { name: newName(), ...newContent() }
  const cell: PersonaCell = { project, name: fields.name, versions: new Map(), state: undefined }
  ledger.personas.push(cell)
  const input = { projectId: project, ...fields }
  return {
    cell,
    procedure: 'personas.create',
    input,
    kind: 'persona created',
    isDone: has(fields),
    accept: (value) => setState(cell, value),
  }
}

function changed(
  { project }: Caller,
  cell: PersonaCell,
  change: Change & { ifMatch?: string },
): Write<State> {
  const input = { projectId: project, id: cell.state?.id, ...change }
  return {
    cell,
    procedure: 'personas.update',
    input,
    kind: 'persona changed',
    isDone:
      cell.state === undefined || cell.doubt !== undefined ? has(change) : isChanged(cell.state, change),
    accept: (value) => setState(cell, value),
  }
}

function deleted({ project }: Caller, cell: PersonaCell): Write<State> {
  return {
    cell,
    procedure: 'personas.delete',
    input: { projectId: project, id: cell.state?.id },
    kind: 'persona deleted',
    isDone: (state) => state === undefined,
    accept: () => setState(cell, undefined),
  }
}

function drawn({ project }: Caller, cell: PersonaCell): Write<State> {
  const before = cell.state?.imageUrl
  return {
    cell,
    procedure: 'personas.generateImage',
    input: { projectId: project, id: cell.state?.id },
    kind: 'portrait drawn',
    isDone: (state) => state?.imageUrl !== undefined && state.imageUrl !== before,
    accept: (value) => setState(cell, value),
  }
}

/** Goes back to one of the versions that are kept for sure. */
function reverted({ project }: Caller, cell: PersonaCell, old: Persona): Write<State> {
  return {
    cell,
    procedure: 'personas.revert',
    input: { projectId: project, id: cell.state?.id, version: old.version },
    kind: 'persona reverted',
    isDone: cell.state === undefined ? () => false : isReverted(cell.state, old),
    accept: (value) => setState(cell, value),
  }
}

/** Creates, changes, reverts and deletes personas of its own, and draws their portraits. */
export async function writePersonas(caller: Caller): Promise<void> {
  const { site, random, project } = caller
  const own = site.ledger.personas.filter((cell) => cell.project === project && cell.state && !isLost(cell))
  const what = random.weighted({ create: 3, change: 4, delete: 1, draw: 2, revert: 2 })
  const way = through(random)
  if (own.length < 4 || (what === 'create' && own.length < 16)) {
    const count = way === 'batch' ? 1 + random.below(4) : 1
    const creations = Array.from({ length: count }, () => created(caller))
    return write(caller, creations, way)
  }
  const cell = random.of(own)
  if (what === 'delete' || own.length >= 16) return write(caller, [deleted(caller, cell)], way)
  if (what === 'draw') return write(caller, [drawn(caller, cell)], way)
  // Where a change is in doubt, it is not known which versions are kept.
  if (what === 'revert' && cell.doubt === undefined)
    return write(caller, [reverted(caller, cell, random.of(keptVersions(cell)))], way)
  return write(caller, [changed(caller, cell, random.of(newChanges()))], way)
}

/** On a full disk, changes a persona twice in one batch, the second time on a condition that does not hold. */
export async function writeOnFullDisk(caller: Caller): Promise<void> {
  const { site } = caller
  const first = created(caller)
  const plain: Caller = {
    ...caller,
    random: Object.assign(caller.random.fork(), { weighted: () => 'plain' }),
  }
  await write(plain, [first], 'rest')
  const cell = first.cell as PersonaCell
  site.faults.fillDisk()
  try {
    for (let count = 0; count < 10; count += 1) {
      const change = { systemPrompt: newName().padEnd(90_000, 'x') }
      const second: Cell<State> = { project: caller.project, state: undefined }
      const stale = {
        ...changed(plain, cell, { description: newName(), ifMatch: '2020-01-01T00:00:00.000Z' }),
        cell: second,
      }
      const answered = await send(site, askedFor([changed(plain, cell, change), stale], 'batch'))
      const [outcome] = outcomesOf(answered, { through: 'batch', count: 2 })
      if (outcome?.status === undefined) setState(cell, outcome?.value)
      else break
    }
  } finally {
    site.faults.freeDisk()
  }
  const { body } = await send(site, { path: `/api/projects/${caller.project}/personas/${cell.state?.id}` })
  const found = JSON.parse(body.toString())
  site.ledger.check(isDeepStrictEqual(found, cell.state), 'a persona shows a change that a full disk refused')
  await write(plain, [changed(plain, cell, { description: newName() })], 'rest')
}
