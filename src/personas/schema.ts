import { z } from 'zod'
import { badCursor } from '../errors/personas.js'
import { exampleOf, shapeOf } from '../field.js'
import { projectId } from '../projects/schema.js'
import { MAX_NAME, name as personaName, text } from '../text.js'
import { anyHeaders, headerMap, personaFields } from './fields.js'
import { wantedTags } from './tags.js'

export const persona = z.object(shapeOf(personaFields, 'answer')).meta({
  id: 'Persona',
  description: 'A kind of user in test scenarios',
  example: exampleOf(personaFields, 'answer'),
})
export type Persona = z.infer<typeof persona>

export const personaList = z.array(persona)

export const createPersonaInput = z.object({ projectId, ...shapeOf(personaFields, 'create') }).meta({
  title: 'CreatePersonaInput',
  description: 'A new persona',
  example: exampleOf(personaFields, 'create'),
})
export type CreatePersonaInput = z.infer<typeof createPersonaInput>

export const personaId = z.string().meta({
  description: 'The persona’s UUID, or an unambiguous prefix of it of at least 8 characters',
  example: '987fcdeb',
})

export const personaInput = z.object({ projectId, id: personaId })
export type PersonaInput = z.infer<typeof personaInput>

const MAX_IF_MATCH = 100

// The length of a list is looked at before its elements: of a million wrong ones there is one issue.
export const ifMatch = z
  .union(
    [z.string(), z.array(z.string()).max(MAX_IF_MATCH)],
    `ifMatch must be an updatedAt or a list of at most ${MAX_IF_MATCH} of them`,
  )
  .optional()
  .meta({ description: 'Change only if updatedAt is this, or one of these' })

export const updatePersonaInput = z
  .object({ projectId, id: personaId, ...shapeOf(personaFields, 'update'), ifMatch })
  .meta({
    title: 'UpdatePersonaInput',
    description: 'The fields to change',
    example: {
      systemPrompt: 'You are a technical user who expects detailed, accurate responses.',
    } satisfies Partial<Persona>,
  })
export type UpdatePersonaInput = z.infer<typeof updatePersonaInput>

export const deletePersonaInput = z.object({ projectId, id: personaId, ifMatch })
export type DeletePersonaInput = z.infer<typeof deletePersonaInput>

/** Most personas on a page, and most that a list without `limit` returns. */
export const MAX_PAGE = 500
export const MAX_LIST = 10_000

/** Longer than any cursor, in UTF-16 units. */
const MAX_CURSOR = 4_096

const LIMIT = `limit must be a whole number from 1 to ${MAX_PAGE}`

/** The fields that page through a list. */
export function paging(description: string) {
  return {
    limit: z.number(LIMIT).int(LIMIT).min(1, LIMIT).max(MAX_PAGE, LIMIT).meta({ description }).optional(),
    cursor: z
      .string()
      .refine((cursor) => cursor !== '' && cursor.length <= MAX_CURSOR, badCursor.text)
      .meta({
        description: 'Where the page starts, from the page before',
        minLength: 1,
        maxLength: MAX_CURSOR,
      })
      .optional(),
  }
}

export const listPersonasInput = z.object({
  projectId,
  ...paging(`Personas on a page; without it up to ${MAX_LIST.toLocaleString('en-US')}`),
  tags: wantedTags
    .meta({ description: 'Only personas that have this tag, compared without case; of several, all of them' })
    .optional(),
  q: text({ field: 'q', max: 200 })
    .meta({
      description:
        'Only personas in whose name, description or tags every word of it occurs, also within a word. ' +
        'Letters compare without case and accents; white space separates words',
      example: 'angry refund',
    })
    .optional(),
  name: z
    .string()
    .refine((name) => name.trim() !== '', 'name must not be empty')
    .pipe(personaName)
    .meta({ description: 'Only the persona of exactly this name', minLength: 1, maxLength: MAX_NAME })
    .optional(),
  sort: z
    .enum(['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'])
    .meta({
      description:
        'The order, with `-` the reverse of it: of creation, which is the usual one; of the last change; ' +
        'or of names by Unicode code point. Personas changed in the same millisecond are in order of creation',
    })
    .optional(),
})
export type ListPersonasInput = z.infer<typeof listPersonasInput>

export const personaPage = z.object({
  items: personaList,
  nextCursor: z.string().optional(),
})
export type PersonaPage = z.infer<typeof personaPage>

export const listTagsInput = z.object({ projectId })
export type ListTagsInput = z.infer<typeof listTagsInput>

export const tagCounts = z.array(
  z
    .object({
      tag: z.string().meta({ description: 'As it is most often spelled' }),
      count: z.number().int().min(1).meta({ description: 'How many personas have it' }),
    })
    .meta({ id: 'TagCount', description: 'A tag in use', example: { tag: 'billing', count: 12 } }),
)
export type TagCount = z.infer<typeof tagCounts>[number]

export const mergeHeadersInput = z
  .object({
    projectId,
    id: personaId,
    headers: headerMap({ refuseConnectionHeaders: false }).meta({ description: 'The connector’s headers' }),
  })
  .meta({
    title: 'MergeHeadersInput',
    description: 'What the persona’s headers are merged over',
    example: { headers: { Authorization: 'Bearer connector-token', 'X-User-Language': 'de' } },
  })
export type MergeHeadersInput = z.infer<typeof mergeHeadersInput>

export const mergedHeaders = z.object({ headers: anyHeaders }).meta({
  id: 'MergedHeaders',
  description: 'The headers to send',
  example: { headers: { Authorization: 'Bearer connector-token', 'X-User-Language': 'en' } },
})
