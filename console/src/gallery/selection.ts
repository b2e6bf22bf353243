import { signal } from '@preact/signals'
import { authorization, type Persona, service, toldOf, watched } from '../service.js'
import type { Wanted } from './listing.js'

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

/** The personas that are selected, as the text of a JSON file that can be imported again. @throws Error */
export async function exportSelected(
  { projectId, q, tags }: Wanted,
  names: ReadonlySet<string>,
): Promise<string> {
  const query = new URLSearchParams({ format: 'jsonl' })
  if (q !== '') query.set('q', q)
  for (const tag of tags) query.append('tag', tag)
  const path = `/api/projects/${encodeURIComponent(projectId)}/personas/export?${query}`
  const response = await watched(path, { headers: authorization() })
  const text = await response.text()
  if (!response.ok) throw new Error(toldOf(new Error(text)).message)
  const lines = text.split('\n').filter((line) => line !== '')
  // A line is a persona as the export writes it.
  const all = lines.map((line) => JSON.parse(line) as { name: string })
  return `${JSON.stringify(
    all.filter(({ name }) => names.has(name)),
    null,
    2,
  )}\n`
}

/** Offers a text as a file to keep. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
