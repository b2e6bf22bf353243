import { signal } from '@preact/signals'
import { type Persona, service } from '../service.js'

/** The ids of the personas that are selected. */
export const selected = signal<ReadonlySet<string>>(new Set())
let lastAt: number | undefined

export function clearSelection(): void {
  selected.value = new Set()
  lastAt = undefined
}

export function setSelected(id: string, isSelected: boolean, at?: number): void {
  const next = new Set(selected.value)
  if (isSelected) next.add(id)
  else next.delete(id)
  selected.value = next
  lastAt = at
}

/** Selects from the last one that was chosen to another. */
export function selectRange(personas: readonly Persona[], to: number): void {
  const from = Math.min(lastAt ?? to, to)
  const range = personas.slice(from, Math.max(lastAt ?? to, to) + 1)
  selected.value = new Set([...selected.value, ...range.map(({ id }) => id)])
  lastAt = to
}

/** Gives personas a tag; those that have it stay as they are. Returns how many got it, and the first failure. */
export async function addTag(
  projectId: string,
  personas: readonly Persona[],
  tag: string,
): Promise<{ tagged: number; failure?: unknown }> {
  const without = personas.filter(
    ({ tags = [] }) => !tags.some((each) => each.toLowerCase() === tag.toLowerCase()),
  )
  const calls = without.map(({ id, tags = [], updatedAt }) =>
    service.value.personas.update.mutate({ projectId, id, tags: [...tags, tag], ifMatch: updatedAt }),
  )
  const results = await Promise.allSettled(calls)
  const failed = results.find((each) => each.status === 'rejected')
  const tagged = results.filter((each) => each.status === 'fulfilled').length
  return failed === undefined ? { tagged } : { tagged, failure: failed.reason }
}
