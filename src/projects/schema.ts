import { z } from 'zod'
import { isLonger, name } from '../text.js'

const CONTROL = /\p{Cc}/u

const MAX_ID = 128

function faultOfProjectId(id: string): string | undefined {
  if (id === '' || isLonger(id, MAX_ID)) return 'projectId must have 1 to 128 characters'
  if (id === '.' || id === '..') return 'projectId must not be . or ..'
  if (CONTROL.test(id)) return 'projectId must not contain control characters'
  if (!id.isWellFormed()) return 'projectId must not contain lone surrogates'
  return undefined
}

/** Any 1–128 characters that one URL path segment can carry, except control characters, `.` and `..`. */
export const projectId = z
  .string()
  .superRefine((id, ctx) => {
    const fault = faultOfProjectId(id)
    if (fault !== undefined) ctx.addIssue({ code: 'custom', message: fault })
  })
  .meta({ description: 'The project’s id', minLength: 1, maxLength: MAX_ID, example: 'support-bot' })

export const projectInput = z.object({ projectId })

export const project = z
  .object({
    id: z.string().meta({ description: 'UUID v4, made by the server, or the id it was first used with' }),
    name: z.string(),
  })
  .meta({
    id: 'Project',
    description: 'A registered project',
    example: { id: '0f9d3c1e-8b7a-4c56-9d21-3e4f5a6b7c8d', name: 'Support bot' },
  })
export type Project = z.infer<typeof project>

export const projectList = z.array(project)

export const createProjectInput = z.object({ name }).meta({
  title: 'CreateProjectInput',
  description: 'A new project',
  example: { name: 'Support bot' },
})

const providerSlug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'llmSettings.provider must be a lower-case slug such as openai')

const models = z.object({
  image: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'llmSettings.models.image must be 1 to 128 visible ASCII characters')
    .optional()
    .meta({ description: 'The image model, instead of the list in IMAGE_MODELS' }),
})

const llmSettingsInput = z
  .object({
    provider: providerSlug.meta({ example: 'openai' }),
    apiKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,512}$/, 'llmSettings.apiKey must be 1 to 512 visible ASCII characters')
      .optional()
      .meta({
        description: 'Left out, or given as its mask, the stored key stays',
        example: 'sk-proj-0123456789abcd',
      }),
    models: models.optional(),
  })
  .meta({ id: 'LlmSettingsInput', description: 'The LLM provider, and how it is reached' })

export const updateConfigInput = z
  .object({
    projectId,
    name: name.optional(),
    llmSettings: llmSettingsInput
      .nullish()
      .meta({ description: 'Replaced whole; null removes the settings and the key' }),
  })
  .meta({
    title: 'UpdateProjectConfigInput',
    description: 'The settings to change',
    example: { llmSettings: { provider: 'openai', apiKey: 'sk-proj-0123456789abcd' } },
  })
export type UpdateConfigInput = z.infer<typeof updateConfigInput>

export const projectConfig = z
  .object({
    name: z.string(),
    llmSettings: z
      .object({
        provider: z.string(),
        apiKey: z.string().meta({ description: 'A mask of the stored key, never the key' }),
        models: models.optional(),
      })
      .meta({ id: 'LlmSettings', description: 'The LLM provider; its key is shown as a mask' })
      .optional(),
  })
  .meta({
    id: 'ProjectConfig',
    description: 'A project’s name and LLM provider settings',
    example: { name: 'Support bot', llmSettings: { provider: 'openai', apiKey: 'sk-p...abcd' } },
  })
export type ProjectConfig = z.infer<typeof projectConfig>
