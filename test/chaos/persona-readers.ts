import { isDeepStrictEqual } from 'node:util'
import type { Persona, PersonaCell } from '../crash/ledger.js'
import { historic, keptVersions } from '../crash/persona-changes.js'
import { NoAnswer } from '../support/ask.js'
import { type Input, outcomesOf, REFUSED, requestOf, through, UNKNOWN } from './requests.js'
import { type Caller, mannerOf, send } from './site.js'
import { isLost } from './write.js'

const SORTS = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'] as const

/** A persona of the caller, as it is for sure. */
type Sure = PersonaCell & { state: Persona }

/** One of the caller's personas of which no write is in doubt. */
function sureOne({ site, random, project }: Caller): Sure | undefined {
  const own = site.ledger.personas.filter(
    (cell): cell is Sure =>
      cell.project === project && cell.state !== undefined && cell.doubt === undefined && !isLost(cell),
  )
  return own.length === 0 ? undefined : random.of(own)
}

/** Reads through one of the interfaces; undefined for what was not answered, or refused for a while. */
async function read(caller: Caller, procedure: string, inputs: Input[]): Promise<unknown[]> {
  const { site, random } = caller
  const way = through(random)
  const sent = way === 'batch' ? inputs : inputs.slice(0, 1)
  const answered = await send(site, requestOf(procedure, sent, way), mannerOf(random)).catch((error) => {
    if (error instanceof NoAnswer) return undefined
    throw error
  })
  if (answered === undefined) return []
  const isSuccess = ({ status }: { status?: number | undefined }) => {
    if (status === undefined) return true
    const what = `${procedure} of what is there answered ${status}: ${answered.body.toString().slice(0, 200)}`
    site.ledger.check([...UNKNOWN, ...REFUSED].includes(status), what)
    return false
  }
  const outcomes = outcomesOf(answered, { through: way, count: sent.length })
  return outcomes.map((outcome) => (isSuccess(outcome) ? outcome.value : undefined))
}

/** Queries that a persona answers to. */
function queriesFor({ name, description = name, tags = [] }: Persona): Input[] {
  const some = description.slice(0, 30).trim()
  return [
    { q: name },
    { q: `${name.slice(-5).toUpperCase()} ${name.slice(0, 2)}` },
    { name },
    ...(/\s/.test(some) ? [] : [{ q: some }, { q: `${name} ${some.slice(0, 2)}` }]),
    ...tags.flatMap((tag) => [{ tags: [tag.toUpperCase()] }, { tags, q: tag.slice(0, 8) }]),
  ]
}

function isSorted(found: Persona[], sort: (typeof SORTS)[number]): boolean {
  // Each of the orders is named for a field.
  const field = sort.replace('-', '') as 'createdAt' | 'updatedAt' | 'name'
  const keys = found.map((persona) => persona[field])
  if (sort.startsWith('-')) keys.reverse()
  return keys.every((key, at) => at === 0 || (keys[at - 1] ?? '') <= key)
}

/** Finds a persona of its own by its words, tags or name, in any order. */
export async function findPersona(caller: Caller): Promise<void> {
  const { site, random, project } = caller
  const cell = sureOne(caller)
  if (cell === undefined) return
  const { state } = cell
  const query = random.of(queriesFor(state))
  const sorts = [random.of(SORTS), ...SORTS]
  const inputs = sorts.map((sort) => ({ projectId: project, ...query, sort, limit: 500 }))
  const lists = await read(caller, 'personas.list', inputs)
  for (const [at, sort] of sorts.entries()) {
    const list = lists[at]
    if (list === undefined) continue
    // A list is of personas.
    const found = list as Persona[]
    const asked = JSON.stringify(query)
    const one = found.filter(({ id }) => id === state.id)
    site.ledger.check(
      isDeepStrictEqual(one, [state]),
      `${asked} does not find persona ${state.name} as it is`,
    )
    site.ledger.check(isSorted(found, sort), `${asked} is not in the order ${sort}`)
  }
}

/** Lists the tags of its project, which has those of its personas. */
export async function listTags(caller: Caller): Promise<void> {
  const cell = sureOne(caller)
  if (cell === undefined) return
  const lists = await read(caller, 'personas.tags', Array(3).fill({ projectId: caller.project }))
  for (const list of lists) {
    if (list === undefined) continue
    // Tags come with their counts.
    const counts = list as { tag: string; count: number }[]
    for (const tag of cell.state.tags ?? [])
      caller.site.ledger.check(
        counts.some((each) => each.tag === tag && each.count > 0),
        `the tag ${tag} is not counted`,
      )
  }
}

/** Lists the versions of a persona of its own, and reads some, which are as they were. */
export async function readVersions(caller: Caller): Promise<void> {
  const { site, random, project } = caller
  const cell = sureOne(caller)
  if (cell === undefined) return
  const { state } = cell
  const key = { projectId: project, id: state.id }
  const known = keptVersions(cell)
  const [list] = await read(caller, 'personas.versions', [key])
  if (list !== undefined) {
    // The list is of versions.
    const listed = new Map((list as Persona[]).map(({ version, updatedAt }) => [version, updatedAt]))
    for (const { version, updatedAt } of known)
      site.ledger.check(
        listed.get(version) === updatedAt,
        `version ${version} of ${state.name} is not listed as it was`,
      )
  }
  const wanted = Array.from({ length: 3 }, () => random.of(known))
  const found = await read(
    caller,
    'personas.get',
    wanted.map(({ version }) => ({ ...key, version })),
  )
  for (const [at, content] of found.entries()) {
    const old = wanted[at]
    if (old === undefined || content === undefined) continue
    site.ledger.check(
      isDeepStrictEqual(content, historic(old)),
      `version ${old.version} of ${state.name} reads as another than it was`,
    )
  }
}
