import { isDeepStrictEqual } from 'node:util'
import { operations } from '../../src/api/operations.js'
import type { Cell, ImageCell, Persona, PersonaCell } from '../crash/ledger.js'
import { newContent, newKey, newName, newPicture } from '../crash/samples.js'
import { type Answered, type Asked, batchedMutations, type Manner, NoAnswer } from '../support/ask.js'
import type { Random } from './random.js'
import { type Caller, send } from './site.js'

type Input = Record<string, unknown>
type Interface = 'rest' | 'trpc' | 'batch'
type State = PersonaCell['state']

const byPath = new Map(operations().map((operation) => [operation.path, operation]))

/** One change of one cell. */
interface Write<T> {
  cell: Cell<T>
  procedure: string
  input: Input
  kind: string
  isDone: (state: T) => boolean
  /** The state that an acknowledgement leaves. */
  next: (value: any) => T
}

function askedFor(writes: Write<any>[], through: Interface): Asked {
  const [{ procedure, input }] = writes as [Write<any>]
  const inputs = writes.map((write) => write.input)
  if (through === 'batch') return batchedMutations(procedure, inputs)
  if (through === 'trpc') return { path: `/trpc/${procedure}`, body: JSON.stringify(input) }
  const operation = byPath.get(procedure)
  if (operation === undefined) throw new Error(`There is no operation ${procedure}`)
  const left = { ...input }
  const path = operation.openapi.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    delete left[name]
    return encodeURIComponent(String(input[name]))
  })
  const { method } = operation.openapi
  const body = method !== 'DELETE' && Object.keys(left).length > 0 ? JSON.stringify(left) : undefined
  return { method, path, ...(body !== undefined && { body }) }
}

/** What each write was answered: a success's value, or the status of an error. */
function outcomesOf({ status, body }: Answered, { through, count }: { through: Interface; count: number }) {
  const value = body.length === 0 ? undefined : JSON.parse(body.toString())
  if (through === 'rest') return [status < 300 ? { value } : { status }]
  const all = Array.isArray(value) ? value : Array(count).fill(value)
  return all.map(({ result, error }) =>
    error === undefined ? { value: result?.data } : { status: error.data.httpStatus },
  )
}

/** Errors after which it is not known whether a write took effect. */
const UNKNOWN = [408, 500, 503, 504]
/** Errors that a caller may meet through no fault of its own, after which nothing has changed. */
const REFUSED = [429, 502]

/** Sends writes, all in one request, and keeps account of them. */
async function write({ site, random }: Caller, writes: Write<any>[], through: Interface): Promise<void> {
  const { ledger } = site
  const before = writes.map(({ cell }) => cell.doubt)
  for (const [at, { cell, kind, isDone }] of writes.entries()) {
    const earlier = before[at]
    cell.doubt = { kind, isDone: (state) => isDone(state) || earlier?.isDone(state) === true }
  }
  const answered = await send(site, askedFor(writes, through), mannerOf(random)).catch((error) => {
    if (error instanceof NoAnswer) return undefined
    throw error
  })
  // What was given up may still be carried out: nothing more is written to these.
  if (answered === undefined) {
    for (const { cell } of writes) lost.add(cell)
    return
  }
  for (const [at, outcome] of outcomesOf(answered, { through, count: writes.length }).entries()) {
    const one = writes[at]
    if (one === undefined) continue
    const { cell, kind, isDone, next } = one
    if (outcome.status === undefined) {
      cell.state = next(outcome.value)
      cell.doubt = undefined
      ledger.acknowledge(kind)
      ledger.check(isDone(cell.state), `${kind}: answered with other content`)
    } else if (REFUSED.includes(outcome.status)) cell.doubt = before[at]
    else if (!UNKNOWN.includes(outcome.status))
      ledger.check(false, `${kind} answered ${outcome.status}: ${answered.body.toString().slice(0, 200)}`)
    // A database that was lost may still carry out what it was sent.
    else if (!site.isAtomic) lost.add(cell)
  }
}

const lost = new WeakSet<Cell<any>>()

function mannerOf(random: Random): Manner {
  const manners = { plain: 12, dribbled: 2, reset: 3, halfClosed: 2 }
  const manner = random.weighted(manners)
  if (manner === 'dribbled') return { dribbleMs: 1 + random.below(100) }
  if (manner === 'reset') return { resetAfterMs: random.below(60) }
  return manner === 'halfClosed' ? { halfClose: true } : {}
}

const through = (random: Random) => random.of<Interface>(['rest', 'trpc', 'batch'])

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
    next: (value) => value,
  }
}

function changed({ project }: Caller, cell: PersonaCell, change: Input): Write<State> {
  const input = { projectId: project, id: cell.state?.id, ...change }
  return {
    cell,
    procedure: 'personas.update',
    input,
    kind: 'persona changed',
    isDone: has(change),
    next: (value) => value,
  }
}

/** Creates, changes and deletes personas of its own, and draws their portraits. */
export async function writePersonas(caller: Caller): Promise<void> {
  const { site, random, project } = caller
  const own = site.ledger.personas.filter((cell) => cell.project === project && cell.state && !lost.has(cell))
  const what = random.weighted({ create: 3, change: 4, delete: 1, draw: 2 })
  if (own.length < 4 || (what === 'create' && own.length < 16)) {
    const way = through(random)
    const count = way === 'batch' ? 1 + random.below(4) : 1
    return write(
      caller,
      Array.from({ length: count }, () => created(caller)),
      way,
    )
  }
  const cell = random.of(own)
  const input = { projectId: project, id: cell.state?.id }
  if (what === 'delete' || own.length >= 16) {
    const isDone = (state: State) => state === undefined
    const next = () => undefined
    return write(
      caller,
      [{ cell, procedure: 'personas.delete', input, kind: 'persona deleted', isDone, next }],
      through(random),
    )
  }
  if (what === 'draw') {
    const { imageUrl: before } = cell.state as Persona
    const isDone = (state: State) => state?.imageUrl !== undefined && state.imageUrl !== before
    const next = (value: Persona) => value
    return write(
      caller,
      [{ cell, procedure: 'personas.generateImage', input, kind: 'portrait drawn', isDone, next }],
      through(random),
    )
  }
  const { description, systemPrompt, headers } = newContent()
  const change = random.of<Input>([
    { description },
    { systemPrompt, headers },
    { name: newName() },
    { description: null, systemPrompt },
  ])
  return write(caller, [changed(caller, cell, change)], through(random))
}

/** Uploads and deletes pictures of its own. */
export async function writeImages(caller: Caller): Promise<void> {
  const { site, random } = caller
  const project = `${caller.project}-images`
  const own = site.ledger.images.filter((cell) => cell.project === project && cell.state && !lost.has(cell))
  const way = random.of<Interface>(['rest', 'trpc'])
  if (own.length > 3 && (own.length > 12 || random.below(3) === 0)) {
    const cell = random.of(own)
    const input = { projectId: project, imageId: cell.state }
    const isDone = (state: ImageCell['state']) => state === undefined
    return write(
      caller,
      [{ cell, procedure: 'images.delete', input, kind: 'image deleted', isDone, next: () => undefined }],
      way,
    )
  }
  const { png, pixels } = await newPicture()
  const cell: ImageCell = { project, pixels, state: undefined }
  site.ledger.images.push(cell)
  const input = { projectId: project, imageBase64: png.toString('base64'), role: 'upload' }
  const isDone = (state: ImageCell['state']) => state !== undefined
  const next = ({ id }: { id: string }) => id
  await write(
    caller,
    [{ cell, procedure: 'images.upload', input, kind: 'image uploaded', isDone, next }],
    way,
  )
}

/** Sets a project's provider. */
export async function writeConfig(caller: Caller): Promise<void> {
  const project = `${caller.project}-settings`
  const { configs } = caller.site.ledger
  const cell = configs.find((each) => each.project === project) ?? { project, state: { name: project } }
  if (!configs.includes(cell)) configs.push(cell)
  if (lost.has(cell)) return
  const { apiKey, mask } = newKey()
  const name = newName()
  const wanted = { name, llmSettings: { provider: 'openai', apiKey: mask } }
  const input = { projectId: project, name, llmSettings: { provider: 'openai', apiKey } }
  const isDone = (state: unknown) => isDeepStrictEqual(state, wanted)
  await write(
    caller,
    [
      {
        cell,
        procedure: 'projects.updateConfig',
        input,
        kind: 'config changed',
        isDone,
        next: (value) => value,
      },
    ],
    through(caller.random),
  )
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
      if (outcome?.status === undefined) cell.state = outcome?.value
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
