import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { ServiceError } from '../../src/errors/error.js'
import type { Persona } from '../../src/personas/schema.js'
import type { Store, StoredImage } from '../../src/store/store.js'
import { found } from './contract-finding.js'
import { type Asked, expectedOf } from './finding-model.js'
import { apply, type Command, KEPT, NOTHING, possible, type State, type Version } from './model.js'
import { listOf, T0 } from './samples.js'

/** A store whose database can be made to fail. */
export interface FaultyStore<Fault> {
  /** Whether the commands of a step are sent at once, and carried out in their order. */
  atOnce: boolean
  store(): Store
  arm(fault: Fault | undefined): void
  /** Ends the faults. Returns what failed, and whether commands that failed may have taken effect all the same. */
  disarm(): { failed: string[]; unknown: boolean }
  /** Waits until the database answers again and what calls that failed left behind is cleared up. */
  recover(): Promise<void>
  reopen(): Promise<void>
  /** The versions that are stored of a project's personas, history or not: what callers may not see of them too. */
  storedVersions(project: string): Promise<{ id: string; version: number }[]>
}

/** A revert is an update whose change is found in the history. */
type PlannedKind = Command['kind'] | 'revert'

/** A command whose targets are found in the run: `target` picks one, the newest first. */
interface Plan {
  kind: PlannedKind
  project: number
  target: number
  value: number
  field: 'name' | 'description' | 'tags' | 'imageUrl' | 'none' | 'nothing'
  ifMatch: 'any' | 'current' | 'stale'
}

export interface PlannedStep<Fault> {
  commands: Plan[]
  fault?: Fault | undefined
  /** Whether everything is read after it, which also fills caches. It always is after a fault. */
  look: boolean
}

const KINDS: fc.WeightedArbitrary<PlannedKind>[] = [
  { arbitrary: fc.constant('update'), weight: 6 },
  { arbitrary: fc.constant('create'), weight: 4 },
  { arbitrary: fc.constant('revert'), weight: 3 },
  { arbitrary: fc.constant('delete'), weight: 2 },
  { arbitrary: fc.constant('portrait'), weight: 2 },
  { arbitrary: fc.constant('upload'), weight: 1 },
  { arbitrary: fc.constant('deleteImage'), weight: 1 },
  { arbitrary: fc.constant('register'), weight: 1 },
  { arbitrary: fc.constant('deleteProject'), weight: 1 },
]

const plan: fc.Arbitrary<Plan> = fc.record({
  kind: fc.oneof(...KINDS),
  project: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.constant(1), weight: 1 }),
  target: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.nat(4), weight: 1 }),
  value: fc.nat(5),
  field: fc.constantFrom('name', 'description', 'tags', 'imageUrl', 'none', 'nothing'),
  ifMatch: fc.constantFrom('any', 'current', 'stale'),
})

/** Sequences of steps, many of which meet a fault, and many of which are about one persona. */
function stepsWith<Fault>(fault: fc.Arbitrary<Fault>): fc.Arbitrary<PlannedStep<Fault>[]> {
  const any = fc.array(plan, { minLength: 1, maxLength: 4 })
  const aboutOne = any.map((plans) =>
    plans.map((each) => ({ ...each, project: plans[0]?.project ?? 0, target: plans[0]?.target ?? 0 })),
  )
  const step = fc.record({
    commands: fc.oneof(any, aboutOne),
    fault: fc.option(fault, { nil: undefined, freq: 2 }),
    look: fc.boolean(),
  })
  return fc.array(step, { minLength: 1, maxLength: 10 })
}

/** A plan of which only what matters is given. */
function planned(kind: PlannedKind, details: Partial<Plan> = {}): Plan {
  return { kind, project: 0, target: 0, value: 0, field: 'description', ifMatch: 'any', ...details }
}

/** What is found of personas must be what they are, in whatever order. */
const LOOKS: Asked[] = [
  { q: 'COMMON 1' },
  { q: 'ext', sort: '-updatedAt' },
  { tags: ['common'] },
  { sort: 'name' },
]

let runs = 0

/** Runs steps on a store and on the model, and compares. Each run has projects of its own. */
export class ModelRun<Fault> {
  readonly #faulty: FaultyStore<Fault>
  readonly #mark = (++runs).toString(16).padStart(8, '0')
  readonly #projects = [`run ${this.#mark} a`, `run ${this.#mark} b`] as const
  readonly #personas: { project: string; id: string }[] = []
  readonly #images: { project: string; id: string }[] = []
  #state: State = {}
  #clock = T0

  constructor(faulty: FaultyStore<Fault>) {
    this.#faulty = faulty
  }

  /** Carries out all steps, opens the store again, and compares what is there then. Returns how much failed. */
  async all(steps: PlannedStep<Fault>[]): Promise<number> {
    let count = 0
    for (const step of steps) count += (await this.step(step)).length
    await this.#compare([this.#state])
    await this.#faulty.reopen()
    await this.#compare([this.#state])
    return count
  }

  /** Deletes what the run made, so that later ones do not have to look past it. */
  async clear(): Promise<void> {
    for (const id of this.#projects) await this.#faulty.store().deleteProject(id)
    await this.#compare([{}])
  }

  /** Returns what failed. */
  async step({ commands: plans, fault, look }: PlannedStep<Fault>): Promise<string[]> {
    const { atOnce } = this.#faulty
    this.#clock += 10
    const now = this.#clock
    // A deletion works in several transactions, between which the others would come.
    const alone = atOnce ? plans.find(({ kind }) => kind === 'deleteProject') : undefined
    const commands = (alone === undefined ? plans : [alone]).map((each) => this.#resolve(each))

    this.#faulty.arm(fault)
    const outcomes: PromiseSettledResult<unknown>[] = []
    const run = (command: Command) => perform(this.#faulty.store(), command, now)
    if (atOnce) outcomes.push(...(await Promise.allSettled(commands.map(run))))
    else for (const command of commands) outcomes.push(...(await Promise.allSettled([run(command)])))
    const { failed, unknown } = this.#faulty.disarm()

    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      if (failed.length === 0 || !(outcome.reason instanceof ServiceError)) throw outcome.reason
      expect(outcome.reason.code).toBe('SERVICE_UNAVAILABLE')
    }
    if (failed.length > 0) await this.#faulty.recover()
    const states = this.#statesAfter(commands, outcomes, unknown)
    if (look || failed.length > 0) await this.#compare(states)
    else this.#state = states[0] ?? this.#state
    return failed
  }

  /** The states that the outcomes allow. */
  #statesAfter(commands: Command[], outcomes: PromiseSettledResult<unknown>[], unknown: boolean): State[] {
    const now = this.#clock
    let states: State[] = [this.#state]
    for (const [i, command] of commands.entries()) {
      const outcome = outcomes[i]
      if (outcome?.status === 'fulfilled') {
        const steps = states.map((state) => apply(state, command, now))
        const fitting = steps.filter(({ result }) => isDeepStrictEqual(result, outcome.value))
        if (fitting.length === 0) expect([command, outcome.value]).toEqual([command, steps[0]?.result])
        states = fitting.map(({ state }) => state)
      } else if (command.kind === 'deleteProject' || (unknown && !this.#faulty.atOnce)) {
        states = states.flatMap((state) => possible(state, command, now))
      }
    }
    const allFailed = outcomes.every(({ status }) => status === 'rejected')
    if (unknown && this.#faulty.atOnce && allFailed) {
      // One commit: all of it or nothing.
      states.push(commands.reduce((state, command) => apply(state, command, now).state, this.#state))
    }
    return states
  }

  /** What the store holds must be one of the states; it is the state from now on. */
  async #compare(states: State[]): Promise<void> {
    const found: State = Object.fromEntries(
      await Promise.all(this.#projects.map(async (id) => [id, await this.#read(id)] as const)),
    )
    const state = states.find((each) =>
      this.#projects.every((id) => isDeepStrictEqual(found[id], each[id] ?? NOTHING)),
    )
    if (state === undefined) {
      const full = Object.fromEntries(this.#projects.map((id) => [id, states[0]?.[id] ?? NOTHING]))
      expect(found, `what is stored is none of ${states.length} possible states`).toEqual(full)
      throw new Error('What is stored differs from the model in more than toEqual compares')
    }
    this.#state = state
  }

  /** Everything of a project, after a look at whether every way to read it gives the same. */
  async #read(id: string): Promise<State[string]> {
    const store = this.#faulty.store()
    const personas = await readPages(store, id)
    const whole = await store.listPersonas(id, { limit: 1_000 })
    expect(whole !== 'bad-cursor' && JSON.parse(String(whole.json))).toEqual(personas)
    for (const asked of LOOKS) {
      expect(await found(store, id, { ...asked, limit: 3 }), JSON.stringify(asked)).toEqual(
        expectedOf(personas, asked),
      )
    }
    const tagged = personas.filter(({ tags }) => tags !== undefined)
    const counts = await store.listTagSpellings(id)
    expect(counts.find(({ tag }) => tag === 'Common')?.count ?? 0).toBe(tagged.length)
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(2 * tagged.length)
    for (const known of this.#personas.filter(({ project }) => project === id)) {
      const listed = personas.find((each) => each.id === known.id)
      expect(await store.findPersona(id, known.id), 'findPersona, beside the list').toEqual(listed ?? null)
    }
    const versions: Record<string, Version[]> = {}
    for (const persona of personas) versions[persona.id] = await readVersions(store, id, persona)
    const current = new Map(personas.map((each) => [each.id, each.version]))
    for (const each of await this.#faulty.storedVersions(id)) {
      // One that is yet to be replaced may be there: it is no history.
      const last = current.get(each.id)
      expect([each, last !== undefined && each.version <= last]).toEqual([each, true])
    }
    const images: StoredImage[] = []
    for (const imageId of await store.listImageIds(id)) {
      const image = await store.findImage(id, imageId)
      if (image !== null) images.push(image)
    }
    for (const known of this.#images.filter(({ project }) => project === id)) {
      expect(await store.hasImage(id, known.id)).toBe(images.some((image) => image.id === known.id))
    }
    const name = (await store.findProject(id))?.name
    return { personas, versions, images, ...(name !== undefined && { name }) }
  }

  #resolve({ kind, project: which, target, value, field, ifMatch }: Plan): Command {
    const project = this.#projects[which] ?? this.#projects[0]
    const pick = (known: { project: string; id: string }[], stored: { id: string }[]) => {
      // Most are there; the others may be gone, or be made by the same step.
      const own = known.filter((each) => each.project === project)
      const from = target < 3 && stored.length > 0 ? stored : own
      return from[from.length - 1 - (target % Math.max(1, from.length))]?.id ?? this.#newId(0)
    }
    const { personas, versions: histories, images } = this.#state[project] ?? NOTHING
    const somePersona = () => pick(this.#personas, personas)
    const someImage = () => pick(this.#images, images)
    const newImage = (role: StoredImage['role']): StoredImage => {
      const id = `${this.#newId(this.#images.length + 1)}.png`
      this.#images.push({ project, id })
      return { id, role, format: 'png', bytes: Buffer.from(`${id} ${'x'.repeat(value * 1_000)}`) }
    }
    const versions = (id: string) => {
      const persona = personas.find((each) => each.id === id)
      const current = ifMatch === 'current' ? persona?.updatedAt : undefined
      return ifMatch === 'any' ? undefined : [current ?? '2000-01-01T00:00:00.000Z']
    }

    switch (kind) {
      case 'create': {
        const id = this.#newId(this.#personas.length + 1)
        this.#personas.push({ project, id })
        const description = field === 'description' ? { description: `text ${value}` } : {}
        return { kind, project, persona: { id, name: `name ${value}`, ...description } }
      }
      case 'update': {
        const id = somePersona()
        const change = {
          name: { name: `name ${value}` },
          description: { description: `text ${value}` },
          tags: { tags: [`Tag ${value}`, 'Common'] },
          imageUrl: { imageUrl: someImage() },
          none: { description: null, tags: null, imageUrl: null },
          nothing: {},
        }[field]
        return { kind, project, id, change, ifMatch: versions(id) }
      }
      case 'revert': {
        const id = somePersona()
        const history = histories[id] ?? []
        const { content, entry } = history[value % Math.max(1, history.length)] ?? {}
        const change = { name: content?.name ?? `name ${value}`, description: content?.description ?? null }
        return { kind: 'update', project, id, change, ifMatch: versions(id), revertedFrom: entry?.version }
      }
      case 'delete': {
        const id = somePersona()
        return { kind, project, id, ifMatch: versions(id) }
      }
      case 'portrait':
        return { kind, project, id: somePersona(), image: newImage('persona-avatar') }
      case 'upload':
        return { kind, project, image: newImage(value % 2 === 0 ? 'upload' : 'persona-avatar') }
      case 'deleteImage':
        return { kind, project, id: someImage() }
      case 'register':
        return { kind, project, name: `project ${value}` }
      case 'deleteProject':
        return { kind, project }
    }
  }

  #newId(n: number): string {
    return `${this.#mark}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
  }
}

async function readPages(store: Store, project: string) {
  const personas = []
  for (let cursor: string | undefined; ; ) {
    const page = await listOf(store, project, { limit: 3, cursor })
    if (page === 'bad-cursor') throw new Error('The store refuses its own cursor')
    personas.push(...page.items)
    cursor = page.nextCursor
    if (cursor === undefined) return personas
  }
}

/** The versions of a persona, after a look at whether every way to read them gives the same. */
async function readVersions(store: Store, project: string, { id }: Persona): Promise<Version[]> {
  const entries = await store.listVersions(project, id, { limit: 100 })
  if (entries === 'missing') throw new Error('A persona that is listed has no history')
  const [newest, ...older] = entries
  const page = { limit: KEPT, before: newest?.version }
  expect(await store.listVersions(project, id, page), 'listVersions, from the second on').toEqual(older)
  const versions: Version[] = []
  for (const entry of entries) {
    const content = await store.findVersion(project, id, entry.version)
    if (typeof content === 'string') throw new Error(`Version ${entry.version}, which is listed: ${content}`)
    versions.push({ entry, content })
  }
  return versions
}

function perform(store: Store, command: Command, now: number): Promise<unknown> {
  const { project } = command
  switch (command.kind) {
    case 'create':
      return store.insertPersona(project, command.persona, now)
    case 'update': {
      const { id, change, ifMatch, revertedFrom } = command
      return store.updatePersona(project, id, { ...change, ifMatch, revertedFrom, now })
    }
    case 'delete':
      return store.deletePersona(project, command.id, command.ifMatch)
    case 'portrait':
      return store.storePortrait(project, command.id, { image: command.image, now })
    case 'upload':
      return store.insertImage(project, command.image)
    case 'deleteImage':
      return store.deleteImage(project, command.id)
    case 'register':
      return store.updateProject(project, { name: command.name }, now)
    case 'deleteProject':
      return store.deleteProject(project)
  }
}

/** Runs beyond those of every test run, for each store; MODEL_SEED repeats one that failed. */
export const MODEL_RUNS = Number(process.env.MODEL_RUNS ?? 0)
const seed = process.env.MODEL_SEED === undefined ? {} : { seed: Number(process.env.MODEL_SEED) }
/** In ms. A run that fails is made smaller until this is nearly over. */
export const MODEL_TIMEOUT = 90_000 + MODEL_RUNS * 2_000

/** Runs any steps with faults. @throws Error with the seed and the smallest steps that fail. */
export async function runAnySteps<Fault>(
  faulty: FaultyStore<Fault>,
  fault: fc.Arbitrary<Fault>,
  numRuns: number,
): Promise<void> {
  let faults = 0
  const property = fc.asyncProperty(stepsWith(fault), async (steps) => {
    const run = new ModelRun(faulty)
    faults += await run.all(steps)
    await run.clear()
  })
  const interruptAfterTimeLimit = MODEL_TIMEOUT - 20_000
  await fc.assert(property, { numRuns: MODEL_RUNS || numRuns, interruptAfterTimeLimit, ...seed })
  expect(faults).toBeGreaterThan(numRuns / 2)
}

/** What is there before a step with a fault: a persona with a portrait, another, an image, a registered project. */
const prepared = [
  planned('register', { value: 1 }),
  planned('create', { value: 0 }),
  planned('create', { value: 1 }),
  planned('update', { value: 1, field: 'tags' }),
  planned('portrait', { target: 0 }),
]
/** Steps in which every change of a store has its turn. */
export const sampleSteps = {
  create: [planned('create', { value: 2 })],
  'create with a name that is taken': [planned('create', { value: 1 })],
  update: [planned('update', { value: 3 })],
  'update of tags': [planned('update', { value: 3, field: 'tags' })],
  'update that loses a portrait': [planned('update', { field: 'none' })],
  delete: [planned('delete')],
  portrait: [planned('portrait')],
  upload: [planned('upload')],
  'update that a revert takes back': [planned('update', { value: 3 }), planned('revert', { value: 1 })],
  'change beyond the versions that are kept': [
    planned('update', { value: 3 }),
    planned('update', { value: 2 }),
  ],
  'image deletion': [planned('deleteImage')],
  'project settings': [planned('register', { value: 2 })],
  'project deletion': [planned('deleteProject')],
  'two updates of one persona, the second out of date': [
    planned('update', { value: 3 }),
    planned('update', { value: 2, ifMatch: 'stale' }),
  ],
  'several changes, some of which are refused': [
    planned('portrait', { target: 1 }),
    planned('create', { value: 0 }),
    planned('update', { value: 0, field: 'name', target: 0 }),
    planned('delete', { target: 0 }),
  ],
}

/** Tries a step with a fault at its first statement, at its second, and so on; then goes on without. */
export async function failEverywhere<Fault>(
  faulty: FaultyStore<Fault>,
  commands: PlannedStep<Fault>['commands'],
  faultAt: (at: number) => Fault,
): Promise<number> {
  for (let at = 0; ; at += 1) {
    const run = new ModelRun(faulty)
    for (const each of prepared) await run.step({ commands: [each], look: false })
    const failed = await run.step({ commands, fault: faultAt(at), look: true })
    await run.step({ commands: [planned('update', { value: 1, ifMatch: 'current' })], look: true })
    await run.clear()
    if (failed.length === 0) return at
  }
}
