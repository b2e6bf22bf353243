import { z } from 'zod'
import { isImageId } from '../images/schema.js'
import { projectId } from '../projects/schema.js'
import { name, text } from '../text.js'
import { type Headers, headerIssues } from './headers.js'

// z.record would drop a key named __proto__ without a word, so the map is checked as it came.
const headers = z.custom<Headers>().meta({
  id: 'HeaderMap',
  description: 'HTTP headers by name: at most 64, 8 KiB in all, no two names alike but for case',
  type: 'object',
  propertyNames: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
  additionalProperties: { type: 'string', pattern: '^[\\t\\x20-\\x7e]*$' },
  example: { 'X-User-Language': 'en' },
})

function headerMap(rules: { refuseConnectionHeaders: boolean }) {
  return headers.superRefine((value, ctx) => {
    for (const { name: header, message } of headerIssues(value, rules)) {
      ctx.addIssue({ code: 'custom', path: header === undefined ? [] : [header], message })
    }
  })
}

const personaHeaders = headerMap({ refuseConnectionHeaders: true })
const description = text({ field: 'description', max: 2_000 })
const systemPrompt = text({ field: 'systemPrompt', max: 100_000 })

/** On create, null counts as absent. */
function absentIfNull<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

const example = {
  id: '987fcdeb-51a2-4bc4-9567-890123456789',
  name: 'impatient-user',
  description: 'A user who wants quick answers',
  systemPrompt: 'You are an impatient user who values brevity and expects quick, concise responses.',
  headers: { 'X-User-Language': 'en' },
  createdAt: '2026-01-28T10:00:00.000Z',
  updatedAt: '2026-01-28T10:00:00.000Z',
}

/** What the fields mean, in inputs and answers alike. */
const about = {
  name: 'Unique in its project, case-sensitive; trimmed, in Unicode NFC',
  description: 'What kind of user this is, in short',
  systemPrompt: 'The full description, for the simulating model',
  headers: 'HTTP headers that this persona adds to a connector’s; they take precedence',
  personaHeaders:
    'HTTP headers that this persona adds to a connector’s; they take precedence. Those that belong to the connection, ' +
    'such as `Transfer-Encoding` and `Content-Length`, are refused',
}

const timestamp = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC, milliseconds' })

export const persona = z
  .object({
    id: z.string().meta({ format: 'uuid', description: 'UUID v4, made by the server' }),
    name: z.string().meta({ description: 'Unique in its project, case-sensitive' }),
    description: z.string().optional().meta({ description: about.description }),
    systemPrompt: z.string().optional().meta({ description: about.systemPrompt }),
    imageUrl: z
      .string()
      .optional()
      .meta({ description: 'Id of a stored image, the portrait: `GET …/images/{imageId}` sends it' }),
    headers: headers.optional().meta({ description: about.headers }),
    createdAt: timestamp,
    updatedAt: timestamp.meta({
      format: 'date-time',
      description: 'Grows with every change, and so serves as the version',
    }),
  })
  .meta({ id: 'Persona', description: 'A kind of user in test scenarios', example })
export type Persona = z.infer<typeof persona>

export const personaList = z.array(persona)

export const createPersonaInput = z
  .object({
    projectId,
    name: name.meta({ description: about.name }),
    description: absentIfNull(description).meta({ description: about.description }),
    systemPrompt: absentIfNull(systemPrompt).meta({ description: about.systemPrompt }),
    headers: absentIfNull(personaHeaders).meta({ description: about.personaHeaders }),
  })
  .meta({
    title: 'CreatePersonaInput',
    description: 'A new persona',
    example: {
      name: example.name,
      description: example.description,
      systemPrompt: example.systemPrompt,
      headers: example.headers,
    },
  })
export type CreatePersonaInput = z.infer<typeof createPersonaInput>

const personaId = z.string().meta({
  description: 'The persona’s UUID, or an unambiguous prefix of it of at least 8 characters',
  example: '987fcdeb',
})

export const personaInput = z.object({ projectId, id: personaId })
export type PersonaInput = z.infer<typeof personaInput>

const MAX_IF_MATCH = 100

// The length of a list is looked at before its elements: of a million wrong ones there is one issue.
const ifMatch = z
  .union(
    [z.string(), z.array(z.string()).max(MAX_IF_MATCH)],
    `ifMatch must be an updatedAt or a list of at most ${MAX_IF_MATCH} of them`,
  )
  .optional()
  .meta({ description: 'Change only if updatedAt is this, or one of these' })

export const updatePersonaInput = z
  .object({
    projectId,
    id: personaId,
    name: name.meta({ description: about.name }).optional(),
    description: description.nullish().meta({ description: `${about.description}; null removes it` }),
    systemPrompt: systemPrompt.nullish().meta({ description: `${about.systemPrompt}; null removes it` }),
    imageUrl: z
      .string()
      .refine(isImageId, 'imageUrl must be an image id: 1 to 128 of A-Z a-z 0-9 . _ -')
      .nullish()
      .meta({
        description: 'Id of a stored image, the portrait; null removes it',
        pattern: '^[A-Za-z0-9._-]{1,128}$',
      }),
    headers: personaHeaders
      .nullish()
      .meta({ description: `${about.personaHeaders}; replaced whole, null removes them` }),
    ifMatch,
  })
  .meta({
    title: 'UpdatePersonaInput',
    description: 'The fields to change',
    example: { systemPrompt: 'You are a technical user who expects detailed, accurate responses.' },
  })
export type UpdatePersonaInput = z.infer<typeof updatePersonaInput>

export const deletePersonaInput = z.object({ projectId, id: personaId, ifMatch })
export type DeletePersonaInput = z.infer<typeof deletePersonaInput>

/** Most personas on a page, and most that a list without `limit` returns. */
export const MAX_PAGE = 500
export const MAX_LIST = 10_000

export const BAD_CURSOR = 'cursor must be one that a page of this list gave'
/** Longer than any cursor, in UTF-16 units. */
const MAX_CURSOR = 4_096

const LIMIT = `limit must be a whole number from 1 to ${MAX_PAGE}`

export const listPersonasInput = z.object({
  projectId,
  limit: z
    .number(LIMIT)
    .int(LIMIT)
    .min(1, LIMIT)
    .max(MAX_PAGE, LIMIT)
    .meta({ description: `Personas on a page; without it up to ${MAX_LIST.toLocaleString('en-US')}` })
    .optional(),
  cursor: z
    .string()
    .refine((cursor) => cursor !== '' && cursor.length <= MAX_CURSOR, BAD_CURSOR)
    .meta({ description: 'Where the page starts, from the page before' })
    .optional(),
})
export type ListPersonasInput = z.infer<typeof listPersonasInput>

export const personaPage = z.object({
  items: personaList,
  nextCursor: z.string().optional(),
})

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

export const mergedHeaders = z.object({ headers }).meta({
  id: 'MergedHeaders',
  description: 'The headers to send',
  example: { headers: { Authorization: 'Bearer connector-token', 'X-User-Language': 'en' } },
})
