import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { ServiceError } from '../errors/error.js'
import { answerCut, answerMalformed } from '../errors/simulation.js'
import type { Store } from '../store/store.js'
import type { Chats } from './chats.js'
import { AXES_FORMAT, axesPrompt, DRAFTS_FORMAT, draftsPrompt } from './draft-prompt.js'
import { axes as axesSchema, creatable, type GenerateInput, type PersonaDrafts } from './draft-schema.js'
import type { Usage } from './openai/answers.js'
import { type Axis, areNear, type Combination, spread } from './spread.js'
import { jsonAnswer } from './turn.js'

type Draft = PersonaDrafts['drafts'][number]

/** Names of the project that the model is told: those of the oldest personas. */
const MAX_NAMES_TOLD = 200
/** Drafts that are left out are asked for again once. */
const ROUNDS = 2

const labels = z.array(z.string().trim()).transform((texts) => [...new Set(texts)])
const answeredAxes = z.object({
  axes: z
    .array(z.object({ name: z.string().trim(), values: labels }))
    // One that is named again says nothing new; it has cost as much as the others.
    .transform((all) => all.filter(({ name }, at) => all.findIndex((each) => each.name === name) === at))
    .pipe(axesSchema),
})
// Each is looked at by itself: one that is wrong is asked for again.
const answeredDrafts = z.object({ drafts: z.array(z.unknown()) })
const answeredDraft = z.object({
  combination: z.number(),
  name: z.string(),
  description: z.string(),
  systemPrompt: z.string().refine((text) => text.trim() !== ''),
})

interface DraftsDeps {
  store: Pick<Store, 'findPersonasByName' | 'listPersonaNames'>
  chats: Chats
}

/** Writes personas that nobody has stored. */
export class DraftService {
  readonly #deps: DraftsDeps

  constructor(deps: DraftsDeps) {
    this.#deps = deps
  }

  /**
   * Drafts that cover the brief: the axes are the caller's or the model's, the combinations of their values follow
   * from the seed, and the texts are the model's. One that resembles another, or has a name that is taken, is asked
   * for again once, and then left out; so are those that the second call fails to bring. The signal ends it.
   * @throws ServiceError BAD_REQUEST without a provider, and those of `Chats`
   */
  async generate(input: GenerateInput, signal: AbortSignal): Promise<PersonaDrafts> {
    const { projectId, count, seed = randomInt(2 ** 31) } = input
    const round = new Calls(this.#deps.chats, { input, signal })
    const axes = input.axes ?? (await round.axes(input.brief))
    const combinations = spread(axes, { count, seed })
    const known = await this.#deps.store.listPersonaNames(projectId, MAX_NAMES_TOLD)
    const names = known.map(({ name }) => name)
    const kept = new Map<number, Draft>()
    // What is there has been paid for: those that are missing are counted.
    const orNone = (error: unknown) => {
      if (kept.size === 0 || signal.aborted || !(error instanceof ServiceError)) throw error
      return []
    }
    for (let made = 0; made < ROUNDS && kept.size < count; made += 1) {
      const missing = combinations.flatMap((combination, at) =>
        kept.has(at + 1) ? [] : [[at + 1, combination] as const],
      )
      const takenNames = [...names, ...[...kept.values()].map(({ name }) => name)]
      const wanted = { axes, combinations: new Map(missing), takenNames }
      for (const [number, draft] of await round.drafts(wanted).catch(orNone)) {
        if (!kept.has(number) && (await this.#isNew(projectId, draft, kept))) kept.set(number, draft)
      }
    }
    const drafts = [...kept].sort(([a], [b]) => a - b).map(([, draft]) => draft)
    return { drafts, axes, seed, dropped: count - drafts.length, ...round.spent }
  }

  async #isNew(projectId: string, draft: Draft, kept: ReadonlyMap<number, Draft>): Promise<boolean> {
    const folded = draft.name.toLowerCase()
    for (const { name, systemPrompt } of kept.values()) {
      if (name.toLowerCase() === folded || areNear(systemPrompt, draft.systemPrompt)) return false
    }
    return (await this.#deps.store.findPersonasByName(projectId, [draft.name])).length === 0
  }
}

/** The calls to the model for one request, and what they cost together. */
class Calls {
  readonly #chats: Chats
  readonly #input: GenerateInput
  readonly #signal: AbortSignal
  #model = ''
  #usage: Usage | undefined

  constructor(chats: Chats, { input, signal }: { input: GenerateInput; signal: AbortSignal }) {
    this.#chats = chats
    this.#input = input
    this.#signal = signal
  }

  get spent(): { model: string; usage?: Usage } {
    return { model: this.#model, ...(this.#usage !== undefined && { usage: this.#usage }) }
  }

  async axes(brief: string): Promise<Axis[]> {
    const read = answeredAxes.safeParse(await this.#ask(axesPrompt(brief), AXES_FORMAT))
    if (!read.success) throw answerMalformed({ cause: 'axes of another form' })
    return read.data.axes
  }

  /** The drafts that could be created as they are, by the numbers of their combinations. */
  async drafts(wanted: {
    axes: readonly Axis[]
    combinations: ReadonlyMap<number, Combination>
    takenNames: readonly string[]
  }): Promise<[number, Draft][]> {
    const { brief: about, language } = this.#input
    const answer = await this.#ask(draftsPrompt({ ...wanted, about, language }), DRAFTS_FORMAT)
    const read = answeredDrafts.safeParse(answer)
    if (!read.success) throw answerMalformed({ cause: 'drafts of another form' })
    return read.data.drafts.flatMap((given) => {
      const draft = answeredDraft.safeParse(given)
      if (!draft.success) return []
      const { combination: number, ...texts } = draft.data
      const combination = wanted.combinations.get(number)
      if (combination === undefined) return []
      const metadata = Object.fromEntries(wanted.axes.map(({ name }, at) => [name, combination[at] ?? '']))
      const created = creatable.safeParse({ ...texts, metadata })
      if (!created.success) return []
      const { name, description } = created.data
      const { systemPrompt } = texts
      return [[number, { name, ...(description && { description }), systemPrompt, metadata }]]
    })
  }

  async #ask(
    { system, user }: { system: string; user: string },
    format: typeof AXES_FORMAT | typeof DRAFTS_FORMAT,
  ): Promise<unknown> {
    const { projectId, model: named, seed } = this.#input
    const { model, text, finish, usage } = await this.#chats.complete({
      projectId,
      use: 'generate',
      model: named,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
      options: { seed, response_format: format },
      signal: this.#signal,
    })
    this.#model = model
    if (usage !== undefined) this.#usage = added(this.#usage, usage)
    if (finish === 'length') throw answerCut({ cause: 'finish_reason length' })
    return jsonAnswer(text)
  }
}

function added(before: Usage | undefined, usage: Usage): Usage {
  if (before === undefined) return usage
  return {
    inputTokens: before.inputTokens + usage.inputTokens,
    outputTokens: before.outputTokens + usage.outputTokens,
    totalTokens: before.totalTokens + usage.totalTokens,
  }
}
