import type { Issue } from '../errors/error.js'
import { MAX_ISSUES } from '../errors/public.js'
import { excerpt } from '../excerpt.js'
import { shapeOf } from '../field.js'
import { personaFields } from '../personas/fields.js'
import { unknownFields } from '../unknown.js'
import { type Reading, readCard } from './card.js'
import { fromDataSet } from './data-sets.js'
import { importedFields } from './persona.js'

const GIVEN = shapeOf(personaFields, 'create')
/** What lists hold of a persona beside what callers give: it is the service's own, and passed over. */
const KEPT = new Set<string>(
  Object.keys(personaFields).filter((name) => !importedFields.some((each) => each === name)),
)

/** What a row says of a persona: it is one, a card, or a row of a data set. What has no place is a warning. */
export function readRow(value: unknown): Reading {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fields: value, warnings: [] }
  const row = { ...value } as Record<string, unknown>
  const card = readCard(row)
  if (card !== undefined) return card
  const known = fromDataSet(row)
  if (known !== undefined) return { fields: known, warnings: [] }
  const given = Object.fromEntries(Object.entries(row).filter(([name]) => !KEPT.has(name)))
  const warnings: Issue[] = []
  // Of the others no more is looked at: each is compared with every name that is known.
  for (const { path, message } of unknownFields(GIVEN, given)) {
    warnings.push({ path: path.map(excerpt).join('.'), message })
    if (warnings.length === MAX_ISSUES) break
  }
  return { fields: given, warnings }
}
