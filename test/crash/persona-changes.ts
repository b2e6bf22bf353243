import { isDeepStrictEqual } from 'node:util'
import type { Persona, PersonaCell } from './ledger.js'
import { newContent, newName } from './samples.js'

/** Versions of a persona that the service keeps: few, so that the oldest go. */
export const VERSIONS_KEPT = 10

/** A change of fields; null takes one away. */
export type Change = { [field in keyof Persona]?: Persona[field] | null }

type IsDone = (state: PersonaCell['state']) => boolean

/** Changes of a persona, each of other fields. */
export function newChanges(): Change[] {
  const { description, systemPrompt, headers } = newContent()
  const word = newName()
  return [
    { description },
    { systemPrompt, headers },
    { name: newName() },
    { description: null, systemPrompt },
    { headers: null, description },
    { tags: [word, 'crash'], metadata: { word } },
    { tags: null, metadata: null, description },
  ]
}

/** Tells whether a state is a persona after a change, one version newer than before and otherwise as it was. */
export function isChanged({ updatedAt, version, ...before }: Persona, change: Change): IsDone {
  const after = Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined),
  )
  return (state) => {
    if (state === undefined || state.updatedAt <= updatedAt || state.version !== version + 1) return false
    const { updatedAt: _, version: __, ...found } = state
    return isDeepStrictEqual(found, after)
  }
}

/** The versions of a persona that are kept for sure, also where one more change is under way. */
export function keptVersions({ state, versions }: PersonaCell): Persona[] {
  const oldest = (state?.version ?? 0) - VERSIONS_KEPT + 2
  return [...versions.values()].filter(({ version }) => version >= oldest)
}

/** What the history has of a version. */
export function historic({ imageUrl: _, ...content }: Persona): Omit<Persona, 'imageUrl'> {
  return content
}

/** The fields that the history has. */
const CONTENT = ['name', 'description', 'systemPrompt', 'headers', 'tags', 'metadata'] as const

/** Tells whether a state is a persona once it was reverted to an older version. */
export function isReverted(before: Persona, old: Persona): IsDone {
  if (CONTENT.every((field) => isDeepStrictEqual(old[field], before[field])))
    return (state) => isDeepStrictEqual(state, before)
  return isChanged(before, Object.fromEntries(CONTENT.map((field) => [field, old[field] ?? null])))
}
