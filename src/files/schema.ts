import { z } from 'zod'
import { listPersonasInput, personaId } from '../personas/schema.js'
import { projectId } from '../projects/schema.js'
import { exportFormats } from './formats.js'
import { MAX_ROWS } from './row.js'

const importOptions = {
  mode: z
    .enum(['upsert', 'create'])
    .meta({
      description:
        '`upsert` creates or updates, `create` refuses names that are taken; `upsert` unless given',
    })
    .optional(),
  dryRun: z.boolean().meta({ description: 'Only says what would happen, and changes nothing' }).optional(),
  prune: z
    .boolean()
    .meta({
      description:
        'Also deletes the project’s personas that are not in the file, unless a row failed; with `upsert` only',
    })
    .optional(),
}

// Each row is judged by itself: what is wrong with one does not keep the others out.
const row = z.custom<object>().meta({
  type: 'object',
  additionalProperties: true,
  description:
    'A persona as in create, a character card, or a row of PersonaHub, Nemotron-Personas or TinyTroupe',
})

const TOO_MANY = `personas must hold at most ${MAX_ROWS.toLocaleString('en-US')} personas`

export const importPersonasInput = z
  .object({ projectId, personas: z.array(row).max(MAX_ROWS, TOO_MANY), ...importOptions })
  .meta({
    title: 'ImportPersonasInput',
    description: 'Personas, each found by its name',
    example: {
      personas: [
        { name: 'impatient-user', systemPrompt: 'You are an impatient user.', tags: ['billing'] },
        { name: 'patient-user', description: null },
      ],
    },
  })
export type ImportPersonasInput = z.infer<typeof importPersonasInput>

/** The input of an import whose rows are in a file. */
export const importFileInput = z.object({ projectId, ...importOptions })
export type ImportFileInput = z.infer<typeof importFileInput>

const importIssue = z
  .object({
    path: z.string().meta({ description: 'The field, such as headers.X-A' }),
    message: z.string().meta({ description: 'What is wrong with it, or what became of it' }),
    severity: z.enum(['error', 'warning']).meta({
      id: 'ImportSeverity',
      description: 'A row with an error fails; one with warnings alone does not',
    }),
  })
  .meta({ id: 'ImportIssue', description: 'What is to be said of a row' })
export type ImportIssue = z.infer<typeof importIssue>

const count = (description: string) => z.number().int().min(0).meta({ description })

const importResult = z
  .object({
    row: count('Its place in the file, from 1; a persona that was deleted has none').optional(),
    line: count('The line where it begins, from 1, where the file has lines').optional(),
    name: z.string().meta({ description: 'Its name, where it has one' }).optional(),
    action: z
      .enum(['created', 'updated', 'unchanged', 'deleted', 'failed'])
      .meta({ id: 'ImportAction', description: 'What became of it, or would in a dry run' }),
    id: z.string().meta({ description: 'The persona’s id, where there is one' }).optional(),
    issues: z.array(importIssue).meta({ description: 'Why it failed, and warnings' }).optional(),
  })
  .meta({ id: 'ImportResult', description: 'What became of a row' })
export type ImportResult = z.infer<typeof importResult>

export const importReport = z
  .object({
    dryRun: z.boolean().meta({ description: 'Whether nothing was changed' }),
    created: count('Personas that are new'),
    updated: count('Personas that were changed'),
    unchanged: count('Personas that were so already'),
    deleted: count('Personas that were not in the file'),
    failed: count('Rows that failed'),
    results: z.array(importResult).meta({ description: 'Row by row, and then what was deleted' }),
  })
  .meta({
    id: 'ImportReport',
    description: 'What an import did, or would do',
    example: {
      dryRun: false,
      created: 1,
      updated: 0,
      unchanged: 0,
      deleted: 0,
      failed: 1,
      results: [
        { row: 1, name: 'impatient-user', action: 'created', id: '987fcdeb-51a2-4bc4-9567-890123456789' },
        {
          row: 2,
          action: 'failed',
          issues: [{ path: 'name', message: 'Name is required', severity: 'error' }],
        },
      ],
    },
  })
export type ImportReport = z.infer<typeof importReport>

export const exportPersonasInput = listPersonasInput.omit({ limit: true, cursor: true }).extend({
  format: z
    .enum(exportFormats)
    .meta({ id: 'ExportFormat', description: 'A format of files of personas' })
    .meta({ description: 'The format of the file; `json` unless given' })
    .optional(),
})
export type ExportPersonasInput = z.infer<typeof exportPersonasInput>

const cardFormats = ['png', 'json', 'md'] as const

export const personaCardInput = z.object({
  projectId,
  id: personaId,
  format: z
    .enum(cardFormats)
    .meta({ id: 'CardFormat', description: 'A format of cards' })
    .meta({ description: 'The portrait with the persona in it, JSON, or Markdown; `png` unless given' })
    .optional(),
})
export type PersonaCardInput = z.infer<typeof personaCardInput>
