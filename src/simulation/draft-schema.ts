import { z } from 'zod'
import { createPersonaInput } from '../personas/schema.js'
import { projectId } from '../projects/schema.js'
import { text } from '../text.js'
import { modelFields, sceneFields, usage, whole } from './schema.js'

const MAX_DRAFTS = 20
const MAX_AXES = 6
const MAX_VALUES = 10
// Axes and their values become metadata.
const label = (field: string, max: number) =>
  text({ field, max })
    .trim()
    .refine((given) => given !== '' && given !== '__proto__', `${field} must not be blank, nor __proto__`)

const areDistinct = (texts: string[]) => new Set(texts).size === texts.length
const TWICE = 'must not be there twice'

const AXES = `axes must be 1 to ${MAX_AXES}, each with 2 to ${MAX_VALUES} values`

export const axes = z
  .array(
    z
      .object({
        name: label('The name of an axis', 64),
        values: z
          .array(label('A value of an axis', 200), AXES)
          .min(2, AXES)
          .max(MAX_VALUES, AXES)
          .refine(areDistinct, `A value of an axis ${TWICE}`),
      })
      .meta({ id: 'PersonaAxis', description: 'Something that users differ in, and how' }),
    AXES,
  )
  .min(1, AXES)
  .max(MAX_AXES, AXES)
  .refine((given) => areDistinct(given.map(({ name }) => name)), `The name of an axis ${TWICE}`)

export const generateInput = z
  .object({
    projectId,
    brief: text({ field: 'brief', max: 10_000 })
      .refine((given) => given.trim() !== '', 'brief must not be empty')
      .meta({ description: 'Whose users they are, and what they are to be like' }),
    count: whole('count', { min: 1, max: MAX_DRAFTS }).meta({ description: 'How many drafts' }),
    language: sceneFields.language,
    axes: axes.optional().meta({ description: 'What they differ in; without it the model chooses' }),
    seed: modelFields.seed.meta({ description: 'The same seed and axes give the same combinations' }),
    model: modelFields.model,
  })
  .meta({
    title: 'GeneratePersonasInput',
    description: 'What the drafts are to be like',
    example: {
      brief: 'Customers of a parcel service whose parcel is late.',
      count: 3,
      axes: [
        { name: 'patience', values: ['none', 'some'] },
        { name: 'experience', values: ['first order', 'orders every week'] },
      ],
    },
  })
export type GenerateInput = z.infer<typeof generateInput>

/** What a draft must be to be created as it is. */
export const creatable = createPersonaInput.omit({ projectId: true })

export const personaDrafts = z
  .object({
    drafts: z.array(
      z
        .object({
          name: z.string(),
          description: z.string().optional(),
          systemPrompt: z.string(),
          metadata: z.record(z.string(), z.string()).meta({ description: 'Its value of each axis' }),
        })
        .meta({ id: 'PersonaDraft', description: 'A persona that is not stored' }),
    ),
    axes,
    seed: z.number().int(),
    dropped: z.number().int().min(0).meta({
      description: 'Drafts left out, as they were nearly the same as another, or had a name that is taken',
    }),
    model: z.string().meta({ description: 'The model that wrote them' }),
    usage: usage.optional().meta({ description: 'Of all calls; absent where the provider does not say it' }),
  })
  .meta({
    id: 'PersonaDrafts',
    description: 'Personas that are not stored, for you to choose from',
    example: {
      drafts: [
        {
          name: 'late-and-furious',
          description: 'Orders every week, and has had enough',
          systemPrompt: 'You order every week. Your parcel is five days late, and you …',
          metadata: { patience: 'none', experience: 'orders every week' },
        },
      ],
      axes: [
        { name: 'patience', values: ['none', 'some'] },
        { name: 'experience', values: ['first order', 'orders every week'] },
      ],
      seed: 7,
      dropped: 0,
      model: 'gpt-5.4-mini',
      usage: { inputTokens: 420, outputTokens: 640, totalTokens: 1060 },
    },
  })
export type PersonaDrafts = z.infer<typeof personaDrafts>
