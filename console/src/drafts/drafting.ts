import { computed, signal } from '@preact/signals'
import type { PersonaDraft } from '../../../src/client/types.js'
import { service } from '../service.js'

/** A draft as it is edited, until it is taken or left. */
export interface KeptDraft {
  key: number
  given: PersonaDraft
}

/** What is drafted of a project. */
export interface Drafting {
  brief: string
  count: number
  drafts: KeptDraft[]
  dropped: number
  isBusy: boolean
}

/** What is drafted of each project: it was paid for, and stays while one looks elsewhere. */
const all = signal<ReadonlyMap<string, Drafting>>(new Map())
let lastKey = 0

/** Whether there are drafts that a reload would lose. */
export const hasDrafts = computed(() => [...all.value.values()].some(({ drafts }) => drafts.length > 0))

export function draftingOf(projectId: string): Drafting {
  return all.value.get(projectId) ?? { brief: '', count: 5, drafts: [], dropped: 0, isBusy: false }
}

export function changeDrafting(projectId: string, part: Partial<Drafting>): void {
  all.value = new Map(all.value).set(projectId, { ...draftingOf(projectId), ...part })
}

/** Has drafts written from the brief, before those that are there. @throws PersonasError */
export async function writeDrafts(projectId: string): Promise<void> {
  const { brief, count } = draftingOf(projectId)
  changeDrafting(projectId, { isBusy: true })
  try {
    const { drafts, dropped } = await service.value.personas.generate.mutate({ projectId, brief, count })
    const made = drafts.map((given) => {
      lastKey += 1
      return { key: lastKey, given }
    })
    changeDrafting(projectId, { drafts: [...made, ...draftingOf(projectId).drafts], dropped })
  } finally {
    changeDrafting(projectId, { isBusy: false })
  }
}

/** Changes a draft; without a change it is gone. */
export function editDraft(projectId: string, key: number, part?: Partial<PersonaDraft>): void {
  const drafts = draftingOf(projectId).drafts.flatMap((each) => {
    if (each.key !== key) return [each]
    return part === undefined ? [] : [{ key, given: { ...each.given, ...part } }]
  })
  changeDrafting(projectId, { drafts })
}
