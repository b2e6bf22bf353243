import { z } from 'zod'
import { projectId } from '../projects/schema.js'
import { personaFields } from './fields.js'
import { ifMatch, paging, personaId } from './schema.js'

/** Versions of a persona that are kept unless the configuration says otherwise, and the most that it may say. */
export const DEFAULT_VERSIONS_KEPT = 100
export const MAX_VERSIONS_KEPT = 1_000

const VERSION = 'version must be a whole number from 1'
const version = z.number(VERSION).int(VERSION).min(1, VERSION)

export const personaVersion = z
  .object({
    version: personaFields.version.answer,
    updatedAt: z.string().meta({ format: 'date-time', description: 'When it became the current one' }),
    changed: z
      .array(z.string())
      .meta({ description: 'The fields that differ from the version before it; none in version 1' }),
    revertedFrom: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The version whose content it took again, where it was made by a revert' }),
  })
  .meta({
    id: 'PersonaVersion',
    description: 'A version of a persona',
    example: { version: 2, updatedAt: '2026-01-28T10:05:00.000Z', changed: ['systemPrompt'] },
  })
export type PersonaVersion = z.infer<typeof personaVersion>

export const personaVersions = z.array(personaVersion)

export const personaVersionPage = z.object({ items: personaVersions, nextCursor: z.string().optional() })

export const listVersionsInput = z.object({
  projectId,
  id: personaId,
  ...paging('Versions on a page; without it all that are kept'),
})
export type ListVersionsInput = z.infer<typeof listVersionsInput>

export const getPersonaInput = z.object({
  projectId,
  id: personaId,
  version: version.meta({ description: 'The persona as this version was, without `imageUrl`' }).optional(),
})
export type GetPersonaInput = z.infer<typeof getPersonaInput>

export const revertPersonaInput = z
  .object({
    projectId,
    id: personaId,
    version: version.meta({ description: 'The version whose content the persona is to have again' }),
    ifMatch,
  })
  .meta({
    title: 'RevertPersonaInput',
    description: 'The version to go back to',
    example: { version: 1 },
  })
export type RevertPersonaInput = z.infer<typeof revertPersonaInput>

/** The text that stands for the last version of a page, in the list of one persona. */
export function versionCursor(id: string, version: number): string {
  return Buffer.from(`${id} ${version}`).toString('base64url')
}

/** The version that a cursor of the persona's list stands for; undefined for other texts. */
export function versionOfCursor(id: string, cursor: string): number | undefined {
  const version = Number(Buffer.from(cursor, 'base64url').toString('latin1').split(' ')[1])
  return cursor === versionCursor(id, version) && Number.isSafeInteger(version) && version > 0
    ? version
    : undefined
}
