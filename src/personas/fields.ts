import { z } from 'zod'
import {
  absentIfEmpty,
  type Field,
  kept,
  notOnCreate,
  optional,
  optionalMap,
  outsideHistory,
  required,
  searched,
} from '../field.js'
import { isImageId } from '../images/schema.js'
import { name, text } from '../text.js'
import { type Headers, headerIssues, MAX_HEADERS } from './headers.js'
import { givenMetadata, metadata } from './metadata.js'
import { givenTags } from './tags.js'

/** Most characters of a description, and of a system prompt. */
export const MAX_DESCRIPTION = 2_000
export const MAX_PROMPT = 100_000

// z.record would drop a key named __proto__ without a word, so the map is checked as it came.
/** A map of headers of any number. */
export const anyHeaders = z.custom<Headers>().meta({
  type: 'object',
  propertyNames: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
  additionalProperties: { type: 'string', pattern: '^[\\t\\x20-\\x7e]*$' },
})

const headers = anyHeaders.meta({
  ...anyHeaders.meta(),
  id: 'HeaderMap',
  description: `HTTP headers by name: at most ${MAX_HEADERS}, 8 KiB in all, no two names alike but for case`,
  maxProperties: MAX_HEADERS,
  example: { 'X-User-Language': 'en' },
})

/** A map of headers, held to the rules of `headerIssues`. */
export function headerMap(rules: { refuseConnectionHeaders: boolean }) {
  return headers.check(({ value, issues }) => {
    for (const { name: header, message } of headerIssues(value, rules)) {
      const path = header === undefined ? [] : [header]
      issues.push({ code: 'custom', path, message, input: value, continue: true })
    }
  })
}

const imageId = z.string().refine(isImageId, 'imageUrl must be an image id: 1 to 128 of A-Z a-z 0-9 . _ -')

const timestamp = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC, milliseconds' })
const AT = '2026-01-28T10:00:00.000Z'

/**
 * The fields of a persona, in the order of answers. All that the service does with a field follows from its
 * entry: inputs, answers, both stores, migration, the client's types and the document.
 */
export const personaFields = {
  id: kept(
    z.string().meta({ format: 'uuid', description: 'UUID v4, made by the server' }),
    '987fcdeb-51a2-4bc4-9567-890123456789',
  ),
  name: searched(
    required(name, z.string(), {
      about: 'Unique in its project, case-sensitive',
      inInputs: '; trimmed, in Unicode NFC',
      example: 'impatient-user',
    }),
  ),
  description: searched(
    optional(text({ field: 'description', max: MAX_DESCRIPTION }), z.string(), {
      about: 'What kind of user this is, in short',
      example: 'A user who wants quick answers',
    }),
  ),
  systemPrompt: optional(text({ field: 'systemPrompt', max: MAX_PROMPT }), z.string(), {
    about: 'The full description, for the simulating model',
    example: 'You are an impatient user who values brevity and expects quick, concise responses.',
  }),
  imageUrl: outsideHistory(
    notOnCreate(
      optional(imageId, z.string(), {
        about: 'Id of a stored image, the portrait',
        inAnswers: ': `GET …/images/{imageId}` sends it',
        pattern: '^[A-Za-z0-9._-]{1,128}$',
      }),
    ),
  ),
  headers: optionalMap(headerMap({ refuseConnectionHeaders: true }), headers, {
    about: 'HTTP headers that this persona adds to a connector’s; they take precedence',
    inInputs:
      '. Those that belong to the connection, such as `Transfer-Encoding` and `Content-Length`, are refused',
    example: { 'X-User-Language': 'en' },
  }),
  tags: searched(
    absentIfEmpty(
      optional(givenTags, z.array(z.string()), {
        about: 'Words to find it by, in the order given',
        inInputs: ': each is trimmed and in Unicode NFC, no two are alike but for case',
        example: ['billing', 'angry'],
      }),
    ),
  ),
  metadata: absentIfEmpty(
    optionalMap(givenMetadata, metadata, {
      about: 'Notes of the caller’s own, such as an id elsewhere',
      inInputs: '. `__proto__` is refused as a key',
      example: { locale: 'en-GB' },
    }),
  ),
  version: kept(
    z.number().int().min(1).meta({ description: '1 on creation, and one more with every change' }),
    1,
  ),
  createdAt: kept(timestamp, AT),
  updatedAt: kept(
    timestamp.meta({
      format: 'date-time',
      description: 'Grows with every change, and so serves as the entity tag',
    }),
    AT,
  ),
} satisfies Record<string, Field>

type Fields = typeof personaFields
export type FieldName = keyof Fields
/** The fields that are maps with keys of the caller's. */
export type MapName = {
  [Name in FieldName]: Fields[Name] extends { isMap: true } ? Name : never
}[FieldName]

// The keys of an object that nobody adds any to.
/** The names of the fields, in the order of answers. */
export const fieldNames = Object.keys(personaFields) as FieldName[]
