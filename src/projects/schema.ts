import { z } from 'zod'
import { optional, shapeOf } from '../field.js'
import { hasControls, isLonger, name, refused, SEGMENT_PATTERN } from '../text.js'

const MAX_ID = 128

/** What keeps a text from being a project's id. */
export function faultOfProjectId(id: string): string | undefined {
  if (id === '' || isLonger(id, MAX_ID)) return 'projectId must have 1 to 128 characters'
  if (id === '.' || id === '..') return 'projectId must not be . or ..'
  if (hasControls(id)) return 'projectId must not contain control characters'
  if (!id.isWellFormed()) return 'projectId must not contain lone surrogates'
  return undefined
}

/** Any 1–128 characters that one URL path segment can carry, except control characters, `.` and `..`. */
export const projectId = z.string().check(refused(faultOfProjectId)).meta({
  description: 'The project’s id',
  minLength: 1,
  maxLength: MAX_ID,
  pattern: SEGMENT_PATTERN,
  example: 'support-bot',
})

export const projectInput = z.object({ projectId })

export const project = z
  .object({
    id: z.string().meta({ description: 'UUID v4, made by the server, or the id it was first used with' }),
    name: z.string(),
  })
  .meta({
    id: 'Project',
    description: 'A project: its id is its name until it is given one',
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

const KEPT = 'Kept and returned for clients of the original API'

/** What a project can choose a model for. */
const modelUses = {
  image: 'The image model, instead of the list in IMAGE_MODELS',
  persona: 'The model that speaks as personas, instead of the list in PERSONA_MODELS',
  evaluation: KEPT,
}
type ModelUse = keyof typeof modelUses
// The keys of an object that nobody adds any to.
export const MODEL_USES = Object.keys(modelUses) as ModelUse[]

/** What the name of a provider's model can be. */
export const MODEL_NAME = /^[\x21-\x7e]{1,128}$/

/** The schemas of models, by use. */
function modelsBy<Schema extends z.ZodType>(schemaOf: (model: z.ZodString) => Schema) {
  const schemas = MODEL_USES.map((use) => {
    const message = `llmSettings.models.${use} must be 1 to 128 visible ASCII characters`
    const model = z.string().regex(MODEL_NAME, message)
    return [use, schemaOf(model).meta({ description: modelUses[use] })]
  })
  // One for each use.
  return z.object(Object.fromEntries(schemas) as Record<ModelUse, Schema>)
}

const models = modelsBy((model) => model.optional()).meta({
  id: 'LlmModels',
  description: 'The models chosen',
})
export type Models = z.infer<typeof models>

const API_KEY = /^[\x21-\x7e]{0,512}$/

const llmSettingsInput = z
  .object({
    provider: providerSlug.meta({ example: 'openai' }),
    apiKey: z
      .string()
      .refine((key) => API_KEY.test(key), 'llmSettings.apiKey must be at most 512 visible ASCII characters')
      .optional()
      .meta({
        description:
          'Up to 512 visible ASCII characters. Left out, empty, or given as its mask, the stored key stays; ' +
          'another provider needs a key of its own',
        pattern: API_KEY.source,
        example: 'sk-proj-0123456789abcd',
      }),
    models: modelsBy((model) => model.nullish())
      .meta({ id: 'LlmModelsInput', description: 'The models to change' })
      .nullish()
      .meta({ description: 'Models left out stay; null removes one, or all' }),
  })
  .meta({ id: 'LlmSettingsInput', description: 'The LLM provider, and how it is reached' })

const MAX_CONCURRENCY = 'maxConcurrency must be a whole number from 1'

/** The settings of one value each; all that the service does with one follows from its entry. */
const plainSettings = {
  maxConcurrency: optional(
    z.number(MAX_CONCURRENCY).int(MAX_CONCURRENCY).min(1, MAX_CONCURRENCY),
    z.number().int().min(1),
    { about: KEPT },
  ),
}

export type SettingName = 'name' | keyof typeof plainSettings
// The keys of an object that nobody adds any to.
/** The names of the settings of one value each, in the order of answers. */
export const settingNames = ['name', ...Object.keys(plainSettings)] as SettingName[]

export const updateConfigInput = z
  .object({
    projectId,
    name: name.optional(),
    ...shapeOf(plainSettings, 'update'),
    llmSettings: llmSettingsInput
      .nullish()
      .meta({ description: 'The settings to change; null removes them and the key' }),
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
    ...shapeOf(plainSettings, 'answer'),
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
