import { z } from 'zod'
import { MAY_BE_UNSAID } from './schema.js'

// The answers of OpenAI's API, as far as personas give them.

const count = z.number().int().min(0)

const completionUsage = z
  .object({ prompt_tokens: count, completion_tokens: count, total_tokens: count })
  .meta({ id: 'ChatUsage', description: 'Tokens, as the provider counts them' })

const speaker = z
  .object({ id: z.string(), version: z.number().int().min(1) })
  .meta({ description: 'Who spoke, in which version' })

/** A whole answer. */
export const completion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: count.meta({ description: 'Seconds since 1970' }),
    model: z.string().meta({ description: 'As it was asked for' }),
    persona: speaker,
    choices: z.array(
      z.object({
        index: count,
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.null(),
        finish_reason: z.enum(['stop', 'length']),
      }),
    ),
    usage: completionUsage.optional().meta({ description: MAY_BE_UNSAID }),
  })
  .meta({
    id: 'ChatCompletion',
    description: 'What the persona says',
    example: {
      id: 'chatcmpl-b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4',
      object: 'chat.completion',
      created: 1_772_000_000,
      model: 'impatient-user',
      persona: { id: '987fcdeb-51a2-4bc4-9567-890123456789', version: 1 },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Where is my refund?', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 612, completion_tokens: 31, total_tokens: 643 },
    },
  })
export type Completion = z.infer<typeof completion>
export type CompletionUsage = z.infer<typeof completionUsage>

/** A persona as one of the models that OpenAI's API lists. */
export const personaModel = z
  .object({
    id: z.string().meta({ description: 'The persona’s name; of one model, as it was asked for' }),
    object: z.literal('model'),
    created: count.meta({ description: 'When the persona was last changed, in seconds since 1970' }),
    owned_by: z.string(),
  })
  .meta({
    id: 'PersonaModel',
    description: 'A persona as a model',
    example: { id: 'impatient-user', object: 'model', created: 1_772_000_000, owned_by: 'personas-api' },
  })
export type PersonaModel = z.infer<typeof personaModel>

export const personaModels = z.object({ object: z.literal('list'), data: z.array(personaModel) }).meta({
  id: 'PersonaModelList',
  description: 'Personas as models',
  example: { object: 'list', data: [personaModel.meta()?.example] },
})
